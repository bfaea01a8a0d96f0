package ctl

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type compactionOptions struct {
	physical bool
	latest   bool
	keep     int64
}

func (o *compactionOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.physical, "physical", false, "return only after the old revisions were removed from the database")
	fs.BoolVar(&o.latest, "latest", false, "compact up to the latest revision")
	fs.Int64Var(&o.keep, "keep", 0, "keep this number of the latest `revisions` readable, and compact the others")
}

// relative reports whether the revision follows from the latest one.
func (o *compactionOptions) relative() bool { return o.latest || o.keep != 0 }

// revision reads the only argument; it is 0 if the flags take its place. An
// argument that is no number is a failure (1) and not a wrong argument (128), as
// upstream has it.
func (o *compactionOptions) revision(args []string) (int64, error) {
	switch {
	case o.latest && o.keep != 0:
		return 0, cli.Exit(cli.BadArgs, errors.New("--latest and --keep exclude each other"))
	case o.keep < 0:
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("--keep %d: use a positive number of revisions", o.keep))
	case o.relative() && len(args) > 0:
		return 0, cli.Exit(cli.BadArgs, errors.New("a revision and --latest or --keep exclude each other"))
	case o.relative():
		return 0, nil
	case len(args) != 1:
		return 0, cli.Exit(cli.BadArgs, errors.New("compaction command needs 1 argument"))
	}
	rev, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("bad revision %q: use a whole number, or --latest or --keep", args[0])
	}
	return rev, nil
}

// target returns the revision that the flags select, 0 if there is nothing to
// compact.
func (o *compactionOptions) target(ctx context.Context, c *conn.Client) (int64, error) {
	resp, err := c.Get(ctx, "\x00", clientv3.WithKeysOnly())
	if err != nil {
		return 0, fmt.Errorf("read the latest revision: %w", err)
	}
	if o.latest {
		return resp.Header.GetRevision(), nil
	}
	return max(resp.Header.GetRevision()-o.keep+1, 0), nil
}

// compact compacts at rev, or at the revision that the flags select. With the
// flags it is no error if that revision was compacted before.
func (o *compactionOptions) compact(ctx context.Context, c *conn.Client, rev int64) (printer.View, error) {
	if o.relative() {
		var err error
		if rev, err = o.target(ctx, c); err != nil {
			return nil, err
		}
	}
	var opts []clientv3.CompactOption
	if o.physical {
		opts = append(opts, clientv3.WithCompactPhysical())
	}
	var err error
	if rev > 0 || !o.relative() {
		_, err = c.Compact(ctx, rev, opts...)
	}
	if o.relative() && (rev == 0 || errors.Is(err, rpctypes.ErrCompacted)) {
		return view.Facts{Line: "nothing to compact", Known: []view.Fact{{Name: "compact_revision", Value: int64(0)}}}, nil
	}
	return view.Facts{
		Line:  view.Line(fmt.Sprintf("compacted revision %d", rev)),
		Known: []view.Fact{{Name: "compact_revision", Value: rev}},
	}, err
}

func newCompaction(a *app) *cobra.Command {
	o := &compactionOptions{}
	cmd := &cobra.Command{
		Use:   "compaction [options] <revision>",
		Short: "Discard history before a revision",
		Long: `Discard the values that keys had before <revision>. Each key keeps its latest
value; reads and watches at an older revision then fail. With --latest or --keep
the revision is derived from the latest one.`,
		Example: `  etcdctl compaction 1200
  etcdctl compact 1200 --physical
  etcdctl compaction --keep 10000`,
		RunE: func(cmd *cobra.Command, args []string) error {
			rev, err := o.revision(args)
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				return o.compact(ctx, s.client, rev)
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShowsUnless(a, cmd, anyOf(withFlag("latest", "the revision is read first"), withFlag("keep", "the revision is read first")), pb.KV_Compact_FullMethodName)
}
