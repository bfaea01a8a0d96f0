package read

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/printer/view"
)

const (
	// responseRevisions is of how many revisions a server sends the events in one
	// response at most (server/storage/mvcc/watcher_group.go).
	responseRevisions = 1000
	// responseBytes is the size from which a watch of a cluster begins another
	// response, between two revisions.
	responseBytes = 8 << 20
)

// NewWatchUntilNow returns the command that prints the changes that a source
// without new ones has.
func NewWatchUntilNow(p Program, environment string) *cobra.Command {
	o, decode := &WatchFlags{}, &DecodeFlags{}
	cmd := &cobra.Command{
		Use:   "watch --until-now [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
		Short: "Print the changes of keys",
		Long: `Print each change of a key, of the keys from <key> up to but not including
<range_end>, or of those with a prefix, from --rev or else from the oldest
revision that is kept. --until-now is required, because there are no later ones.

A command after -- is run for each event, one at a time. ETCD_WATCH_REVISION,
ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY and ETCD_WATCH_VALUE describe the event; the
last three are quoted as in Go.`,
		Example: p.example(`  etcdctl watch /app/ --prefix --until-now
  etcdctl watch /app/mode --until-now --rev 42 --prev-kv -w json`),
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := WatchEnvironment(*p.Streams, environment)
			if err != nil {
				return err
			}
			w, err := env.Split(args, cmd.ArgsLenAtDash())
			if err != nil {
				return err
			}
			out, err := p.Printer(p.Streams.Out)
			if err != nil {
				return err
			}
			decoder, err := decode.Decoder(p.Streams, out.Format())
			if err != nil {
				return err
			}
			what, err := o.Watch(w.Keys)
			if err == nil && !o.UntilNow {
				err = cli.Exit(cli.BadArgs, errors.New("a file does not change: give --until-now to print the changes that it has"))
			}
			if err != nil {
				return err
			}
			s, err := p.Open(cmd)
			if err != nil {
				return err
			}
			defer s.Close() //nolint:errcheck // everything has been read
			return p.watch(cmd.Context(), s, what, w.Argv, decoder)
		},
	}
	o.AddFlags(cmd.Flags())
	decode.AddFlags(cmd)
	return cmd
}

// watch prints the events of a watch, and runs a command for each, if there is
// one.
func (p Program) watch(ctx context.Context, s *Session, what keyspace.Watch, argv []string, d view.Decoder) error {
	head, err := s.Source.Head(ctx)
	if err != nil {
		return err
	}
	switch {
	case what.From == 0:
		what.From = max(1, head.CompactRevision)
	case what.From > head.Revision:
		return nil
	case what.From < head.CompactRevision:
		return p.compacted(s, head)
	}
	complain := func(format string, args ...any) { fmt.Fprintf(p.Streams.Err, format+"\n", args...) }
	command := EventCommand{Argv: argv, Streams: *p.Streams, Complain: complain}
	for resp, err := range responses(head, what, s.Source.Events(ctx, what.From, 0, keyspace.Range{Key: what.Key, End: what.End, PrevKV: what.PrevKV})) {
		if err != nil {
			return errors.Join(err, s.Out.Flush())
		}
		if err := s.Out.Add(view.Watch{WatchResponse: resp, Decoder: d}); err != nil || len(argv) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		if err := s.Out.Flush(); err != nil {
			return err
		}
		for _, e := range resp.GetEvents() {
			if err := command.Run(ctx, head.Revision, e); err != nil {
				return err
			}
		}
	}
	return s.Out.Flush()
}

// errCanceled is upstream's error of a watch that a server has ended.
var errCanceled = errors.New("watch is canceled by the server")

// compacted prints what a watch of a cluster prints from a revision that is
// compacted.
func (p Program) compacted(s *Session, head keyspace.Head) error {
	fmt.Fprintf(p.Streams.Err, "watch was canceled (etcdserver: mvcc: required revision has been compacted; begin again with --rev %d)\n", head.CompactRevision)
	h := header(head)
	h.Revision = 0 // as a server answers
	err := s.Out.Add(view.Watch{WatchResponse: &etcdserverpb.WatchResponse{Header: h, Canceled: true, CompactRevision: head.CompactRevision}})
	if err := errors.Join(err, s.Out.Flush()); err != nil {
		return err
	}
	return cli.Exit(cli.Interrupted, errCanceled)
}

// responses groups events as a server does.
func responses(head keyspace.Head, what keyspace.Watch, events iter.Seq2[*mvccpb.Event, error]) iter.Seq2[*etcdserverpb.WatchResponse, error] {
	return func(yield func(*etcdserverpb.WatchResponse, error) bool) {
		g := &group{head: head}
		for e, err := range events {
			if err != nil {
				if g.bytes == 0 || yield(g.take(), nil) {
					yield(nil, err)
				}
				return
			}
			if put := e.GetType() == mvccpb.PUT; put && what.NoPut || !put && what.NoDelete {
				continue
			}
			if g.full(e) && !yield(g.take(), nil) {
				return
			}
			g.add(e)
		}
		if g.bytes > 0 {
			yield(g.take(), nil)
		}
	}
}

// group is the response that events are being added to.
type group struct {
	head      keyspace.Head
	events    []*mvccpb.Event
	bytes     int
	revisions int
	last      int64
}

// full reports whether an event belongs to another response.
func (g *group) full(e *mvccpb.Event) bool {
	return e.GetKv().GetModRevision() != g.last && (g.revisions == responseRevisions || g.bytes >= responseBytes)
}

func (g *group) add(e *mvccpb.Event) {
	if rev := e.GetKv().GetModRevision(); rev != g.last {
		g.last = rev
		g.revisions++
	}
	g.events = append(g.events, e)
	const fields = 32 // besides key and value
	g.bytes += fields + len(e.GetKv().GetKey()) + len(e.GetKv().GetValue()) + len(e.GetPrevKv().GetValue())
}

// take returns the response and begins another.
func (g *group) take() *etcdserverpb.WatchResponse {
	resp := &etcdserverpb.WatchResponse{Header: header(g.head), Events: g.events}
	*g = group{head: g.head}
	return resp
}
