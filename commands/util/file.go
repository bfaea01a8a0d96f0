package util

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/snapshot"
)

// fileOptions name the file that a command reads: an argument, or the database
// of a data directory.
type fileOptions struct {
	dataDir string
	path    string
}

func (o *fileOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dataDir, "data-dir", "", "read the database of this data `directory`, on which no server may be running, in place of a file")
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
	_, err := os.Stat(o.path)
	return err
}

func (o *fileOptions) open(ctx context.Context, a *app) (*snapshot.File, error) {
	if o.dataDir != "" {
		return snapshot.OpenLocked(ctx, o.path, a.lockTimeout)
	}
	return snapshot.Open(o.path)
}
