package ctl

import (
	"context"
	"errors"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/conn"
	"etcdkit/keyspace/history"
)

// slow is how long nobody may take a response of the past before it is left to clientv3, which holds what comes until
// it is taken, and so loses nothing to a compaction.
const slow = 5 * time.Second

var errSlow = errors.New("nobody takes what was read")

// past reads events of the past from one revision up to another, and returns as [history.Reader.Read] does.
type past func(ctx context.Context, from, to int64, out func(*pb.WatchResponse) error) (next int64, again bool)

// farBehind is the end of a watch that has been begun for nothing: what it is behind is read faster by several.
type farBehind struct{ to int64 }

func (farBehind) Error() string { return "far behind" }

// readPast reads what a watch is behind, and begins no such reading again unless the last one has been of use.
func (l *lastingWatch) readPast(ctx context.Context, to int64, out chan<- clientv3.WatchResponse) {
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	lost := false
	next, again := l.past(reading, l.next, to, func(resp *pb.WatchResponse) error {
		r := clientv3.WatchResponse{Header: resp.GetHeader(), Events: resp.GetEvents()}
		select {
		case out <- r:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(slow):
		}
		cancel()
		lost = true
		select {
		case out <- r:
			return errSlow
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if next > l.next {
		l.next, l.pause = next, 0
	}
	if lost || !again {
		l.past = nil
	}
}

// newPast returns a reader of history over a client, or nil for a user of several members: each watch that is begun logs in
// again, at one of them, and another may not know the token yet and end the watch.
func newPast(a *app, c *conn.Client) *history.Reader {
	if c.Username != "" && len(c.Endpoints()) > 1 {
		return nil
	}
	return &history.Reader{Client: c.Client, MaxRecvBytes: a.conn.MaxRecvBytes()}
}
