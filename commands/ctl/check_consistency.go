package ctl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/commands/read"
	"etcdkit/keyspace/consistency"
	"etcdkit/keyspace/live"
)

// consistencyTries is how often a revision after the same compaction of all
// members is looked for.
const consistencyTries = 6

func newCheckConsistency(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "consistency",
		Short: "Compare the keys and the history of all members",
		Long: `Compare what every member of the cluster has stored: the hashes at the latest
revision that all have, after the same compaction. If they differ, find the first
revision that differs and show its keys and values on each side, which members
are the majority, and how to replace the others. Nothing is changed. A member
that does not answer is named, and the others are compared.

A hash covers all changes since the last compaction, and of those before it the
ones that still count at the revision. With authentication, the user needs the
role root. To find the first revision, members compute up to ten more hashes,
each of which reads the whole database.

Exit codes: 0 if the members are equal, 22 if they differ; 1, 2 and 128 if the
command itself failed.`,
		Example: `  etcdctl check consistency
  etcdctl check consistency --endpoints 10.0.0.7:2379 -w json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "check consistency accepts no arguments: it compares all members; for files use etcdutl check consistency"); err != nil {
				return err
			}
			return checkConsistency(cmd, a)
		},
	}
	return curlRefuses(cmd, "it makes many requests")
}

func checkConsistency(cmd *cobra.Command, a *app) error {
	ctx := cmd.Context()
	d, p, err := a.endpointDialer(cmd)
	if err != nil {
		return err
	}
	members, err := allMembers(ctx, a, d)
	if err != nil {
		return err
	}
	opened := openMembers(ctx, a, d, members)
	defer opened.close()
	r, err := read.Compare(ctx, a.streams, consistency.Comparison{Of: len(members), Tries: consistencyTries, Pause: cluster.Pause}, opened.copies())
	if err != nil {
		return opened.explain(err)
	}
	r.Copies = append(r.Copies, opened.silent()...)
	if err := p.Print(read.Consistency(r, "member", replaceMember(members, typedFlags(a, cmd)))); err != nil {
		return err
	}
	return read.ConsistencyVerdict(r)
}

// allMembers lists the members of the cluster.
func allMembers(ctx context.Context, a *app, d *conn.Dialer) ([]*pb.Member, error) {
	c, err := d.FailFast().Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close() //nolint:errcheck // the answer has arrived
	list, err := listMembers(ctx, a, c)
	if err != nil {
		return nil, err
	}
	if _, _, err := cluster.Targets(list.Members); err != nil {
		return nil, err
	}
	return list.Members, nil
}

// opened are the members of a cluster, each with a connection of its own unless
// it has an error.
type opened []openMember

type openMember struct {
	name   string
	client *conn.Client
	copy   consistency.Copy
	err    error
}

// openMembers connects to all members at the same time.
func openMembers(ctx context.Context, a *app, d *conn.Dialer, members []*pb.Member) opened {
	all := make(opened, len(members))
	var wg sync.WaitGroup
	for i, m := range members {
		wg.Go(func() {
			all[i] = openMember{name: cluster.Name(m)}
			all[i].err = all[i].open(ctx, a, d, m)
		})
	}
	wg.Wait()
	return all
}

// open connects to the first of the member's URLs at which the member answers.
func (o *openMember) open(ctx context.Context, a *app, d *conn.Dialer, m *pb.Member) error {
	if len(m.GetClientURLs()) == 0 {
		return errors.New("it has never been started")
	}
	at := cluster.AskOne(ctx, askThrough(d, a.within(visitTime)), m.GetClientURLs(), cluster.Status)
	switch {
	case at.Err != nil:
		return at.Err
	case at.Value.GetHeader().GetMemberId() != m.GetID():
		return fmt.Errorf("member %x answers at its URL %s: give each member a client URL of its own", at.Value.GetHeader().GetMemberId(), at.Endpoint)
	}
	c, err := d.FailFast().Dial(ctx, at.Endpoint)
	if err != nil {
		return err
	}
	o.client = c
	o.copy = consistency.Copy{Name: o.name, Replica: live.NewMember(newSource(a, c), func(ctx context.Context, rev int64) (*pb.HashKVResponse, error) {
		if limit := a.givenTimeout(); limit > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, limit)
			defer cancel()
		}
		return cluster.HashKV(rev)(ctx, c.Client, at.Endpoint)
	})}
	return nil
}

func (all opened) close() {
	for _, o := range all {
		if o.client != nil {
			_ = o.client.Close() // the answers are in
		}
	}
}

// copies returns the members that answered.
func (all opened) copies() []consistency.Copy {
	var some []consistency.Copy
	for _, o := range all {
		if o.err == nil {
			some = append(some, o.copy)
		}
	}
	return some
}

// silent returns the members that did not answer.
func (all opened) silent() []consistency.Standing {
	var some []consistency.Standing
	for _, o := range all {
		if o.err != nil {
			some = append(some, consistency.Standing{Name: o.name, Group: -1, Err: o.err})
		}
	}
	return some
}

// explain names the members that did not answer, if too few are left.
func (all opened) explain(err error) error {
	for _, o := range all {
		if o.err != nil {
			err = fmt.Errorf("%w; %s: %w", err, o.name, o.err)
		}
	}
	return err
}

// replaceMember says how to replace members.
func replaceMember(members []*pb.Member, typed []string) read.Replacement {
	return func(names []string) (line, command string) {
		for _, m := range members {
			if cluster.Name(m) == names[0] {
				command = withFlags(fmt.Sprintf("etcdctl member swap %s --peer-urls %s", cli.Quote(names[0]), cli.Quote(strings.Join(m.GetPeerURLs(), ","))), typed)
			}
		}
		return fmt.Sprintf("%s differs from the majority: stop it, move its data directory away, and replace it:", names[0]), command
	}
}
