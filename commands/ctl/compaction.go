package ctl

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type compactionOptions struct {
	physical bool
}

func (o *compactionOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.physical, "physical", false, "return only when the old revisions are gone from the disk's pages")
}

// revision reads the only argument. One that is no number is a failure (1)
// and not a wrong argument (128), as upstream has it.
func (o *compactionOptions) revision(args []string) (int64, error) {
	if len(args) != 1 {
		return 0, cli.Exit(cli.BadArgs, errors.New("compaction command needs 1 argument"))
	}
	return strconv.ParseInt(args[0], 10, 64)
}

func newCompaction(a *app) *cobra.Command {
	o := &compactionOptions{}
	cmd := &cobra.Command{
		Use:     "compaction [options] <revision>",
		Aliases: []string{"co", "com", "comp"}, // what these mean in 3.5, which has no completion
		Short:   "Forget the history before a revision",
		Long: `Forget what keys were before <revision>. Each key keeps its newest value; reads
and watches from an older revision fail from then on.`,
		Example: `  etcdctl compaction 1200
  etcdctl compact 1200 --physical`,
		RunE: func(cmd *cobra.Command, args []string) error {
			rev, err := o.revision(args)
			if err != nil {
				return err
			}
			var opts []clientv3.CompactOption
			if o.physical {
				opts = append(opts, clientv3.WithCompactPhysical())
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				_, err := s.client.Compact(ctx, rev, opts...)
				return view.Facts{
					Line:  view.Line(fmt.Sprintf("compacted revision %d", rev)),
					Known: []view.Fact{{Name: "compact_revision", Value: rev}},
				}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, pb.KV_Compact_FullMethodName)
}
