package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/conn"
	"etcdkit/commands/read"
	"etcdkit/keyspace/diff"
	"etcdkit/snapshot/offline"
)

// diffOptions name the two sides of a diff.
type diffOptions struct {
	dest          conn.Destination
	destEndpoints []string
	from          string
	rev, toRev    int64
}

func newDiff(a *app) *cobra.Command {
	o := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff [options] <old prefix> <new prefix>",
		Short: "Compare keys of two prefixes, revisions, clusters, or a file and a cluster",
		Long: `Compare the keys below two prefixes by what follows the prefix; or with one prefix,
or none for all keys, those of two revisions (--rev, --to-rev), of this cluster
and another one (--dest-endpoints), or of a snapshot and this cluster (--from). A
line is printed for each key that differs:

  + key   only the new side has it: the second prefix, --to-rev, the other
          cluster, or this cluster if the old side is a file
  - key   only the old side has it
  ~ key   both have it, with different values

Revisions and leases do not count. --rev is the revision of the old side and
--to-rev that of the new one; the latest if not given. The exit code is 0 if both
sides are equal, 1 if they differ, and 2 after an error.`,
		Example: `  etcdctl diff /app/ /copy/
  etcdctl diff /app/ --rev 1200 --to-rev 1300 -p
  etcdctl diff --dest-endpoints 10.0.1.7:2379 --brief
  etcdctl diff /app/ --from backup.db -w jsonl`,
	}
	fs := cmd.Flags()
	fs.Int64Var(&o.rev, "rev", 0, "revision of the old side")
	fs.Int64Var(&o.toRev, "to-rev", 0, "revision of the new side")
	fs.StringVar(&o.from, "from", "", "compare this snapshot, copy of a database, or data directory of a stopped member, which is the old side, with the cluster")
	fs.StringSliceVar(&o.destEndpoints, "dest-endpoints", nil, "compare with the cluster of these endpoints, which is the new side")
	o.dest.AddTo(fs)
	p := read.Program{Name: program, Streams: &a.streams, Printer: a.output.Printer}
	read.FinishDiff(p, cmd, func(cmd *cobra.Command, args []string) (older, newer diff.Side, done func() error, err error) {
		if older, newer, err = o.sides(args); err != nil {
			return older, newer, nil, err
		}
		return o.open(cmd, a, older, newer)
	})
	return curlRefuses(cmd, "it reads two ranges")
}

// sides returns the prefixes and revisions of both sides.
func (o *diffOptions) sides(args []string) (older, newer diff.Side, err error) {
	older.Rev, newer.Rev = o.rev, o.toRev
	two := o.from != "" || len(o.destEndpoints) > 0
	switch {
	case o.from != "" && len(o.destEndpoints) > 0:
		err = errors.New("`--from` and `--dest-endpoints` cannot be set at the same time, choose one")
	case len(args) == 2:
		older.Prefix, newer.Prefix = args[0], args[1]
	case len(args) > 2:
		err = fmt.Errorf("diff accepts two prefixes, not %d arguments", len(args))
	case !two && o.rev == o.toRev:
		err = errors.New("diff requires two prefixes, two revisions (--rev, --to-rev), another cluster (--dest-endpoints) or a file (--from)")
	case len(args) == 1:
		older.Prefix, newer.Prefix = args[0], args[0]
	}
	return older, newer, err
}

// open opens the sources. Both sides of one cluster are read at one revision, if
// none is given.
func (o *diffOptions) open(cmd *cobra.Command, a *app, older, newer diff.Side) (_, _ diff.Side, done func() error, err error) {
	ctx := cmd.Context()
	var file *offline.Cluster
	if o.from != "" { // before anything is dialled
		if file, err = offline.Open(ctx, o.from, offline.Options{}); err != nil {
			return older, newer, nil, err
		}
	}
	here, err := a.open(cmd)
	if err != nil {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
		return older, newer, nil, err
	}
	cluster := newSource(a, here.client)
	older.Source, newer.Source = cluster, cluster
	switch {
	case file != nil:
		older.Source = file
		return older, newer, func() error { return errors.Join(file.Close(), here.client.Close()) }, nil
	case len(o.destEndpoints) > 0:
		there, err := o.destination(ctx, a)
		if err != nil {
			return older, newer, nil, errors.Join(err, here.client.Close())
		}
		newer.Source = newSource(a, there)
		return older, newer, func() error { return errors.Join(there.Close(), here.client.Close()) }, nil
	}
	if older.Rev == 0 || newer.Rev == 0 {
		head, err := cluster.HeadBy(ctx, older.Prefix)
		if err != nil {
			return older, newer, nil, errors.Join(err, here.client.Close())
		}
		for _, side := range []*diff.Side{&older, &newer} {
			if side.Rev == 0 {
				side.Rev = head.Revision
			}
		}
	}
	return older, newer, here.client.Close, nil
}

// destination connects to the other cluster.
func (o *diffOptions) destination(ctx context.Context, a *app) (*conn.Client, error) {
	d, err := a.conn.DialerTo(ctx, a.streams, o.destEndpoints, &o.dest)
	if err != nil {
		return nil, err
	}
	return d.Dial(ctx)
}
