package util

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/internal/spill"
	"etcdkit/snapshot"
)

// fileOptions name the file that a command reads: an argument, or the database
// of a data directory.
type fileOptions struct {
	dataDir string
	path    string
}

func (o *fileOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dataDir, "data-dir", "", "read the database of this data `directory`, which no server may be using, instead of a file")
	if err := cmd.MarkFlagDirname("data-dir"); err != nil {
		panic(err) // the flag was added above
	}
}

// resolve takes the file from the arguments, of which wrong is the error.
func (o *fileOptions) resolve(args []string, wrong error) error {
	switch {
	case o.dataDir == "" && len(args) == 1:
		o.path = args[0]
	case o.dataDir != "" && len(args) == 0:
		o.path = snapshot.DataDirFile(o.dataDir)
	case o.dataDir != "":
		return cli.Exit(cli.BadArgs, errors.New("--data-dir takes the place of a file: give one of them"))
	default:
		return wrong
	}
	return nil
}

// exists is the first thing that upstream asks of a file.
func (o *fileOptions) exists() error {
	if o.path == standardInput && o.dataDir == "" {
		return nil
	}
	_, err := os.Stat(o.path)
	return err
}

func (o *fileOptions) open(ctx context.Context, a *app) (*snapshot.File, error) {
	if o.dataDir != "" {
		return snapshot.OpenLocked(ctx, o.path, a.lockTimeout)
	}
	if o.path == standardInput {
		return a.openInput(ctx)
	}
	return snapshot.Open(o.path)
}

// standardInput is the name of a snapshot file that means stdin.
const standardInput = "-"

// input is standard input, which must not be a terminal.
func (a *app) input(ctx context.Context) (io.Reader, error) {
	if _, ok := cli.Terminal(a.streams.In); ok {
		return nil, errors.New("standard input is a terminal: redirect a snapshot to it")
	}
	return a.streams.Input(ctx), nil
}

// openInput copies standard input to a temporary file and opens that.
func (a *app) openInput(ctx context.Context) (*snapshot.File, error) {
	in, err := a.input(ctx)
	if err != nil {
		return nil, err
	}
	tmp, err := spill.New()
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyBuffer(writerOnly{tmp}, in, make([]byte, 1<<20)); err != nil {
		return nil, errors.Join(fmt.Errorf("copy standard input: %w", spill.Full(err)), tmp.Close())
	}
	return snapshot.OpenSource(tmp, standardInput)
}

// writerOnly hides the file's own copying methods, which no context ends.
type writerOnly struct{ io.Writer }
