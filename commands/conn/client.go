package conn

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// Client is a client for a cluster, or for one endpoint of it, whose errors say
// why a request failed. It may be used from several goroutines.
//
// The scheme of each endpoint decides how it is spoken to, also for requests that
// name an endpoint (Status, HashKV, Defragment), if it is one of the client's.
type Client struct {
	*clientv3.Client

	cancel context.CancelFunc
	wire   *wire
	pooled bool // Close leaves it open for the next command
}

// Close ends the client's requests. It tears the connections down in the
// background, so that a program that is about to end does not wait for that. A
// client of a [Pool] stays open. The error is always nil.
func (c *Client) Close() error {
	if c.pooled {
		return nil
	}
	go func() {
		_ = c.Client.Close() // says no more than that the client is closed
		c.cancel()
	}()
	return nil
}

// dialOptions returns the options that make clientv3's connections report to the
// client.
func (c *Client) dialOptions(d *Dialer, endpoints []string) []grpc.DialOption {
	if d.recorder != nil && len(endpoints) > 0 { // without any the client is refused
		t := tap{d.recorder, endpoints[0]}
		return []grpc.DialOption{grpc.WithChainUnaryInterceptor(t.unary), grpc.WithChainStreamInterceptor(t.stream)}
	}
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(newCredentials(c.wire.conns, d.cfg.TLS, d.untrusted)),
		grpc.WithChainUnaryInterceptor(c.wire.unary),
		grpc.WithChainStreamInterceptor(c.wire.stream),
		grpc.WithConnectParams(connectParams()),
		// A custom dialer also keeps grpc from looking for a proxy.
		grpc.WithContextDialer(c.wire.conns.dial),
	}
	if d.cfg.Username != "" {
		opts = append(opts, grpc.WithChainStreamInterceptor(new(tokens).stream))
	}
	return opts
}

// connectParams are grpc's own except for the longest pause between two
// attempts to connect. grpc's two minutes would delay a watch by as much after
// its server has returned.
func connectParams() grpc.ConnectParams {
	p := grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: 20 * time.Second}
	p.Backoff.MaxDelay = 5 * time.Second
	return p
}
