package read

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/internal/output"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// Document is a file that a command writes for people or for another program,
// apart from the result that it prints.
type Document struct {
	Kind string // what it is, such as report
	Path string // - is standard output
}

// AddTo adds the flag that names the file.
func (d *Document) AddTo(cmd *cobra.Command, path string) {
	cmd.Flags().StringVarP(&d.Path, "output", "o", path, "write the "+d.Kind+" to this `file`; - is standard output")
}

// Check refuses a name that no file can have, and a terminal.
func (d *Document) Check(s *cli.Streams) error {
	if d.Path == "" {
		return cli.Exit(cli.BadArgs, errors.New("--output must not be empty: give a file, or - for standard output"))
	}
	if _, tty := cli.Terminal(s.Out); tty && d.Path == standardOutput {
		return d.terminal()
	}
	return nil
}

// standardOutput is the file name for standard output.
const standardOutput = "-"

func (d *Document) terminal() error {
	return cli.Exit(cli.IO, fmt.Errorf("could not write the %s: standard output is a terminal: give a file with --output, or redirect it to a file or a pipe", d.Kind))
}

// Content writes what a document contains.
type Content func(io.Writer) error

// Save opens the file, gathers its content, writes it and prints a line that names
// the file. The file is replaced only once it is complete; only its owner can read
// it. Errors of the file have the exit code [cli.IO].
func (d *Document) Save(ctx context.Context, s *cli.Streams, print func(io.Writer) (*printer.Printer, error), gather func() (Content, error)) error {
	if d.Path == standardOutput {
		write, err := gather()
		if err != nil {
			return err
		}
		return d.buffered(s.Out, write)
	}
	onStdout, err := d.save(ctx, s, gather)
	if err != nil {
		return err
	}
	result := s.Out
	if onStdout {
		result = s.Err
	}
	p, err := print(result)
	if err != nil {
		return err
	}
	line := strings.ToUpper(d.Kind[:1]) + d.Kind[1:] + " saved at " + d.Path
	return p.Print(view.Item{Line: line, Values: []view.Named{{Name: "path", V: d.Path}}})
}

// save writes the file, and reports whether it is standard output.
func (d *Document) save(ctx context.Context, s *cli.Streams, gather func() (Content, error)) (onStdout bool, err error) {
	f, err := output.Create(ctx, d.Path)
	if err != nil {
		return false, cli.Exit(cli.IO, err)
	}
	defer func() { err = errors.Join(err, f.Abort()) }()
	if _, tty := cli.Terminal(f.File()); tty {
		return false, d.terminal()
	}
	write, err := gather()
	if err != nil {
		return false, err
	}
	if err := d.buffered(f, write); err != nil {
		return false, err
	}
	onStdout = f.Stream() && f.Same(s.Out)
	return onStdout, cli.Exit(cli.IO, f.Commit())
}

// buffered calls write with a buffer before w.
func (d *Document) buffered(w io.Writer, write Content) error {
	b := bufio.NewWriterSize(w, 1<<16)
	err := write(b)
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		return cli.Exit(cli.IO, fmt.Errorf("could not write the %s: %w", d.Kind, err))
	}
	return nil
}
