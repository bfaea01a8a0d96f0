package util

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/keyspace/consistency"
)

func newCheckConsistency(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "consistency <file or data directory>...",
		Short: "Compare the keys and the history of several files",
		Long: `Compare what snapshots, copies of databases, or data directories of stopped
members of one cluster hold: the hashes at the latest revision that all have. If
they differ, find the first revision that differs and show its keys and values on
each side, and which files are the majority. The files are only read; of a data
directory, the entries of the WAL are applied as its server does when it starts.

Files that were compacted at different revisions have no hashes that can be
compared: every key is read instead, and the history after the compactions.

Exit codes: 0 if the files are equal, 22 if they differ; 1 and 128 if the command
itself failed.`,
		Example: `  etcdutl check consistency m1.db m2.db m3.db
  etcdutl check consistency /backup/m1 /backup/m2 -w json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return cli.Exit(cli.BadArgs, errors.New("check consistency requires two or more files or data directories"))
			}
			return a.checkConsistency(cmd.Context(), args)
		},
	}
}

func (a *app) checkConsistency(ctx context.Context, paths []string) error {
	p, err := a.output.Printer(a.streams.Out)
	if err != nil {
		return err
	}
	var copies []consistency.Copy
	for _, path := range paths {
		c, err := (&source{path: path}).open(ctx, a)
		if err != nil {
			return err
		}
		defer c.Close() //nolint:errcheck // it was only read
		copies = append(copies, consistency.Copy{Name: path, Replica: c})
	}
	r, err := read.Compare(ctx, a.streams, consistency.Comparison{}, copies)
	if err != nil {
		return err
	}
	if err := p.Print(read.Consistency(r, "file", replaceFile)); err != nil {
		return err
	}
	return read.ConsistencyVerdict(r)
}

// replaceFile says what to do about a file that differs.
func replaceFile(names []string) (line, command string) {
	return fmt.Sprintf("%s differs from the majority: do not start its member with this data; etcdctl member swap replaces it, or etcdutl snapshot restore from one of the others", names[0]), ""
}
