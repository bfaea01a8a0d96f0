package ctl

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/conn"
	"etcdkit/commands/read"
	"etcdkit/keyspace/count"
	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/live"
)

// reading returns the dependencies of the commands that read a keyspace.
func reading(command func(read.Program) *cobra.Command) func(*app) *cobra.Command {
	return func(a *app) *cobra.Command {
		return command(read.Program{
			Name: "etcdctl", Streams: &a.streams, Printer: a.output.Printer,
			Open: func(cmd *cobra.Command) (*read.Session, error) {
				s, err := a.open(cmd)
				if err != nil {
					return nil, err
				}
				return &read.Session{
					Source: newSource(a, s.client), Cluster: newRecords(a, s.client), Fences: fences(a, s.client), InUse: inUse(a, s.client), Out: s.out, Close: s.client.Close,
				}, nil
			},
		})
	}
}

func newGet(a *app) *cobra.Command {
	return curlShowsUnless(a, reading(read.NewGet)(a), withFlag("stream", "the gateway has no range stream"), etcdserverpb.KV_Range_FullMethodName)
}

func newCount(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewCount)(a), etcdserverpb.KV_Range_FullMethodName)
}

// newSource returns the keyspace of a client's cluster, each request within
// --command-timeout.
func newSource(a *app, c *conn.Client) *live.Source {
	return &live.Source{Client: c.Client, Timeout: a.conn.Timeout(), MaxRecvBytes: a.conn.MaxRecvBytes(), Explain: c.Explain, Single: a.curl}
}

// fences lists the fences of a cluster as they are now, within --command-timeout.
func fences(a *app, c *conn.Client) count.Fences {
	return func(ctx context.Context, rev int64) ([]string, error) {
		switch {
		case a.curl: // shows the one request that counts
			return nil, nil
		case rev != 0:
			return nil, errors.ErrUnsupported
		}
		ctx, cancel := context.WithTimeout(ctx, a.conn.Timeout())
		defer cancel()
		keys, err := fence.Cluster{Client: c.Client}.Fences(ctx)
		if errors.Is(err, rpctypes.ErrPermissionDenied) {
			return nil, errors.ErrUnsupported
		}
		return keys, c.Explain(err)
	}
}

// inUse returns the bytes in use of the database of the first endpoint.
func inUse(a *app, c *conn.Client) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		ctx, cancel := context.WithTimeout(ctx, a.conn.Timeout())
		defer cancel()
		s, err := c.Status(ctx, c.Endpoints()[0])
		if err != nil {
			return 0, err
		}
		return s.DbSizeInUse, nil
	}
}
