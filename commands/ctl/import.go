package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/lines"
	"etcdkit/keyspace/load"
)

// loadOptions are the flags of the commands that write many pairs.
type loadOptions struct {
	dryRun, keepGoing, createOnly bool
	onConflict                    string
	resume                        string
	stripPrefix, addPrefix        string
	maxTxnOps                     uint
}

// conflictModes are the values of --on-conflict, in the order of the modes.
func conflictModes() []string {
	return []string{bulk.Overwrite.String(), bulk.Skip.String(), bulk.Refuse.String()}
}

func (o *loadOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.dryRun, "dry-run", false, "read and check everything, print what would be written, and write nothing")
	fs.BoolVar(&o.keepGoing, "keep-going", false, "skip and count invalid pairs")
	fs.BoolVar(&o.createOnly, "create-only", false, "write only keys that do not exist yet: --on-conflict skip")
	fs.StringVar(&o.onConflict, "on-conflict", "overwrite", "what to do with keys that already exist: "+strings.Join(conflictModes(), ", "))
	fs.StringVar(&o.resume, "resume", "", "record progress in this `file`, and resume from there if it exists")
	fs.StringVar(&o.stripPrefix, "strip-prefix", "", "cut this `prefix` off every key; a key without it is invalid")
	fs.StringVar(&o.addPrefix, "add-prefix", "", "put this `prefix` before every key, after --strip-prefix")
	fs.UintVar(&o.maxTxnOps, "max-txn-ops", bulk.DefaultOps, "maximum number of operations in one transaction")
}

// mode checks the flags against each other.
func (o *loadOptions) mode(onConflictGiven bool) (bulk.Mode, error) {
	mode := bulk.Mode(slices.Index(conflictModes(), o.onConflict))
	switch {
	case mode < 0:
		return 0, cli.Exit(cli.BadFeature, fmt.Errorf("unknown value %q of --on-conflict: it is one of %s", o.onConflict, strings.Join(conflictModes(), ", ")))
	case o.createOnly && onConflictGiven && mode == bulk.Overwrite:
		return 0, cli.Exit(cli.BadArgs, errors.New("`--create-only` and `--on-conflict overwrite` cannot be set at the same time, choose one"))
	case o.createOnly && mode == bulk.Overwrite:
		mode = bulk.Skip
	}
	switch {
	case o.resume != "" && o.dryRun:
		return 0, cli.Exit(cli.BadArgs, errors.New("`--resume` and `--dry-run` cannot be set at the same time, choose one"))
	case o.resume != "" && mode == bulk.Refuse:
		return 0, cli.Exit(cli.BadArgs, errors.New("`--resume` and `--on-conflict fail` cannot be set at the same time: "+
			"what an interrupted run has written would be a conflict"))
	}
	return mode, nil
}

// options returns the flags as the loading takes them.
func (o *loadOptions) options(mode bulk.Mode, f lines.Format) load.Options {
	return load.Options{
		Mode: mode, DryRun: o.dryRun, KeepGoing: o.keepGoing, Resume: o.resume, Unit: f.Unit(),
		Strip: o.stripPrefix, Add: o.addPrefix,
		Limits: bulk.Limits{Ops: int(min(o.maxTxnOps, 1<<20))},
	}
}

// pairFile is the file or standard input with the pairs.
type pairFile struct {
	in     io.Reader
	file   *os.File // the same, where it can be read again
	start  int64
	format lines.Format
}

// newPairFile returns the pairs of a stream. A file is reread from its current
// position; reads of any other stream end with ctx.
func newPairFile(ctx context.Context, in io.Reader, f lines.Format) *pairFile {
	p := &pairFile{in: cli.Streams{In: in}.Input(ctx), format: f}
	file, ok := in.(*os.File)
	if !ok {
		return p
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return p
	}
	if start, err := file.Seek(0, io.SeekCurrent); err == nil {
		p.in, p.file, p.start = file, file, start
	}
	return p
}

func (p *pairFile) open() (*lines.Reader, error) {
	if p.file != nil {
		if _, err := p.file.Seek(p.start, io.SeekStart); err != nil {
			return nil, err
		}
	}
	return lines.NewReader(p.in, p.format)
}

// openInput opens the file that the argument names, or standard input. The
// caller closes it.
func openInput(s cli.Streams, args []string) (io.Reader, func() error, error) {
	if len(args) == 0 || args[0] == "-" {
		return s.Announced("pairs", s.In), func() error { return nil }, nil
	}
	f, err := os.Open(args[0])
	if err != nil {
		return nil, nil, cli.Exit(cli.IO, err)
	}
	return f, f.Close, nil
}

func newImport(a *app) *cobra.Command {
	o := &loadOptions{}
	cmd := &cobra.Command{
		Use:   "import [options] [file|-]",
		Short: "Write the pairs of a file of JSON lines",
		Long: `Write the pairs of a file, or of standard input, that export has made: JSON
lines, each with a key and its value, as text or in base64, and the time to live
of its lease. zstd input is detected automatically. The lines of "get -w jsonl"
are accepted as well.

Pairs are written in transactions of many, several at a time; if a key appears
twice, the last line wins. Pairs that had one lease share one here. A file is
read to its end before anything is written: if a line is invalid, it is named
and nothing is written. When reading from a pipe, pairs before the invalid line
are written and nothing after it. With --keep-going such lines are skipped and
counted.

If an answer does not come, nothing is sent again before it is certain that the
first copy cannot be applied any more. For this the import makes keys of its own
beside the first key, which use a few revisions and are deleted at the end.

The summary adds up: read = written + skipped + failed + broken + left.`,
		Example: `  etcdctl import app.jsonl.zst
  etcdctl import app.jsonl --dry-run
  etcdctl import app.jsonl --create-only --resume app.resume
  etcdctl export /app/ | etcdctl import --strip-prefix /app/ --add-prefix /copy/
  etcdctl export /app/ --endpoints old:2379 | etcdctl import - --endpoints new:2379`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.Exit(cli.BadArgs, errors.New("import takes one file at most"))
			}
			mode, err := o.mode(cmd.Flags().Changed("on-conflict"))
			if err != nil {
				return err
			}
			if _, err := a.printer(); err != nil {
				return err
			}
			in, closeInput, err := openInput(a.streams, args)
			if err != nil {
				return err
			}
			defer closeInput() //nolint:errcheck // it was only read
			return loadPairs(a, cmd, newPairFile(cmd.Context(), in, lines.JSONLines), o.options(mode, lines.JSONLines))
		},
	}
	o.addFlags(cmd.Flags())
	cli.CompleteFlag(cmd, "on-conflict", conflictModes()...)
	return cmd
}
