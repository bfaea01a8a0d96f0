package util

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"etcdkit/commands/read"
	"etcdkit/keyspace"
	"etcdkit/keyspace/diff"
)

// diffOptions name the two sides of a diff.
type diffOptions struct {
	source
	rev, toRev int64
}

func newDiff(a *app) *cobra.Command {
	o := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff <old file> <new file> [prefix]",
		Short: "Compare the keys of two files, or of two revisions of one",
		Long: `Compare the keys of two snapshots, databases or data directories of stopped
members, or with --from those of one file: at two revisions, or below two
prefixes. A line is printed for each key that differs:

  + key   only the new side has it
  - key   only the old side has it
  ~ key   both have it, with different values

Revisions and leases do not count. --rev is the revision of the old side and
--to-rev that of the new one; the latest if not given. The exit code is 0 if both
sides are equal, 1 if they differ, and 2 after an error.`,
		Example: `  etcdutl diff monday.db tuesday.db
  etcdutl diff monday.db /var/lib/etcd /app/ -p
  etcdutl diff --from backup.db --rev 1200 --to-rev 1300
  etcdutl diff --from backup.db /app/ /copy/ --brief`,
	}
	fs := cmd.Flags()
	fs.StringVar(&o.path, fromFlag, "", "compare within this snapshot, copy of a database, or data directory of a stopped member")
	fs.Int64Var(&o.rev, "rev", 0, "revision of the old side")
	fs.Int64Var(&o.toRev, "to-rev", 0, "revision of the new side")
	a.output.AddHexTo(cmd)
	p := read.Program{Name: program, Streams: &a.streams, Printer: a.output.Printer}
	return read.FinishDiff(p, cmd, func(cmd *cobra.Command, args []string) (older, newer diff.Side, done func() error, err error) {
		return o.open(cmd.Context(), a, args)
	})
}

// open opens the sides.
func (o *diffOptions) open(ctx context.Context, a *app, args []string) (older, newer diff.Side, done func() error, err error) {
	older.Rev, newer.Rev = o.rev, o.toRev
	paths := []string{o.path, o.path}
	switch {
	case o.path != "" && len(args) == 2:
		older.Prefix, newer.Prefix = args[0], args[1]
	case o.path != "" && len(args) <= 1 && o.rev != o.toRev:
		older.Prefix = first(args)
		newer.Prefix = older.Prefix
	case o.path == "" && (len(args) == 2 || len(args) == 3):
		paths = args[:2]
		older.Prefix = first(args[2:])
		newer.Prefix = older.Prefix
	case o.path != "":
		return older, newer, nil, errors.New("diff --from requires two prefixes, or two revisions with --rev and --to-rev")
	default:
		return older, newer, nil, errors.New("diff requires two files, or --from with two prefixes or two revisions")
	}
	var closers []func() error
	done = func() (err error) {
		for _, c := range closers {
			err = errors.Join(err, c())
		}
		return err
	}
	sources := make([]keyspace.Source, 2)
	for i, path := range paths {
		if i == 1 && path == paths[0] {
			sources[1] = sources[0] // standard input can be read once
			break
		}
		c, err := (&source{path: path}).open(ctx, a)
		if err != nil {
			return older, newer, nil, errors.Join(err, done())
		}
		closers = append(closers, c.Close)
		sources[i] = c
	}
	older.Source, newer.Source = sources[0], sources[1]
	return older, newer, done, nil
}

// first returns the first argument, or "".
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
