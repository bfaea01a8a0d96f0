package ctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"etcdkit/commands/cli"
)

// defaultHoldTTL is the time to live of a hold, in seconds, where none is
// given.
const defaultHoldTTL = 60

// hold is a lease that lives as long as the command does, for keys that must
// not outlive it.
type hold struct {
	session *session
	app     *app
	lease   *concurrency.Session
	ttl     time.Duration
}

// newHold makes a lease of some seconds. The end of ctx does not end it: the
// caller releases it.
func newHold(ctx context.Context, a *app, s *session, ttl int) (*hold, error) {
	if ttl <= 0 {
		ttl = defaultHoldTTL
	}
	limited, cancel := a.limit(ctx)
	defer cancel()
	granted, err := s.client.Grant(limited, int64(ttl))
	if err != nil {
		return nil, s.client.Explain(err)
	}
	lease, err := concurrency.NewSession(s.client.Client, concurrency.WithLease(granted.ID),
		concurrency.WithTTL(ttl), concurrency.WithContext(context.WithoutCancel(ctx)))
	if err != nil {
		return nil, s.client.Explain(err)
	}
	return &hold{session: s, app: a, lease: lease, ttl: time.Duration(granted.TTL) * time.Second}, nil
}

// lost is closed when the lease is gone, for all that is known here.
func (h *hold) lost() <-chan struct{} { return h.lease.Done() }

// errLost is the error of a wait whose lease is lost.
var errLost = errors.New("session expired")

// wait calls block, which may take any time, and returns when it does. The end
// of ctx and the loss of the lease end the wait as well, without waiting for
// block: its clean-up, over a connection that may be dead, is done by the end
// of the lease.
func (h *hold) wait(ctx context.Context, block func(context.Context) error) error {
	blocked, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- block(blocked) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
	case <-h.lost():
		err = errLost
	}
	if ctx.Err() != nil {
		return cancelled(ctx)
	}
	return h.session.client.Explain(err)
}

// cancelled is the error of a command that a signal has ended before its wait
// was over, with upstream's text and exit code.
func cancelled(ctx context.Context) error { return cli.Final(cli.Failure, ctx.Err()) }

// read makes one Get under --command-timeout.
func (h *hold) read(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	limited, cancel := h.app.limit(ctx)
	defer cancel()
	resp, err := h.session.client.Get(limited, key, opts...)
	if ctx.Err() != nil {
		return nil, cancelled(ctx)
	}
	return resp, h.session.client.Explain(err)
}

// release revokes the lease, and with it deletes every key. It returns the
// error that the command ends with, given err as the error so far.
func (h *hold) release(ctx context.Context, err error) error {
	h.lease.Orphan()
	ctx, cancel := h.app.limit(context.WithoutCancel(ctx))
	defer cancel()
	_, failed := h.session.client.Revoke(ctx, h.lease.Lease())
	if failed == nil || errors.Is(failed, rpctypes.ErrLeaseNotFound) || errors.Is(err, errLost) {
		return err
	}
	failed = fmt.Errorf("not released, expires within %v: %w", h.ttl, h.session.client.Explain(failed))
	if err == nil {
		return cli.Final(cli.Failure, failed)
	}
	fmt.Fprintln(cli.Visible(h.app.streams.Err), "Warning:", failed)
	return err
}
