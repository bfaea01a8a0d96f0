package mirror

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/commands/bulk"
)

// The measures of a page: a server counts all keys that are left for each of
// them, so small ones cost. The number of keys bounds what comes where large
// values follow small ones.
const (
	firstPageKeys = 500
	maxPageKeys   = 10_000
	pageBytes     = 8 << 20
)

// pages reads a range in the order of its keys, in memory that does not depend
// on its size. A read that fails for want of a connection goes on where it was.
type pages struct {
	client   *clientv3.Client
	retry    *bulk.Retry
	span     span
	rev      int64 // 0: each page as it is when it is read
	keysOnly bool

	limit   int64 // of the next page
	streams bool  // the server is not known to have no range stream
}

// parts are what pages are read into, ahead of who takes them.
type parts struct {
	read chan []*mvccpb.KeyValue
	err  error // set when read is closed
}

// begin reads pages until their end, or that of ctx.
func (p *pages) begin(ctx context.Context) *parts {
	ps := &parts{read: make(chan []*mvccpb.KeyValue, 1)}
	go func() {
		defer close(ps.read)
		ps.err = p.each(ctx, func(kvs []*mvccpb.KeyValue) error {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case ps.read <- kvs:
				return nil
			}
		})
	}()
	return ps
}

// next returns the next part, which is not empty, or nil at the end.
func (ps *parts) next() ([]*mvccpb.KeyValue, error) {
	if kvs, ok := <-ps.read; ok {
		return kvs, nil
	}
	return nil, ps.err
}

// each calls f with one part of the range after another, none of them empty,
// up to its end or the first error.
func (p *pages) each(ctx context.Context, f func([]*mvccpb.KeyValue) error) error {
	p.limit, p.streams = firstPageKeys, true
	var failed error // of f
	hand := func(kvs []*mvccpb.KeyValue) error {
		p.retry.Succeeded()
		if len(kvs) == 0 {
			return nil
		}
		p.span.key = string(kvs[len(kvs)-1].GetKey()) + "\x00"
		failed = f(kvs)
		return failed
	}
	err := p.retry.Loop(ctx, func(ctx context.Context) error {
		err := p.read(ctx, hand)
		for p.rev == 0 && errors.Is(err, rpctypes.ErrCompacted) {
			err = p.read(ctx, hand) // overtaken: the rest as it is now
		}
		if failed != nil {
			return nil
		}
		return err
	})
	if failed != nil {
		return failed
	}
	return err
}

// read reads from where the last call has ended.
func (p *pages) read(ctx context.Context, hand func([]*mvccpb.KeyValue) error) error {
	if p.streams {
		err := p.stream(ctx, hand)
		if status.Code(err) != codes.Unimplemented {
			return err
		}
		p.streams = false // a server before 3.7
	}
	for {
		more, err := p.page(ctx, hand)
		if err != nil || !more {
			return err
		}
	}
}

func (p *pages) options() []clientv3.OpOption {
	opts := []clientv3.OpOption{clientv3.WithRange(p.span.end), clientv3.WithRev(p.rev)}
	if p.keysOnly {
		opts = append(opts, clientv3.WithKeysOnly())
	}
	return opts
}

// page reads one page and sets the size of the next by the bytes of this one.
func (p *pages) page(ctx context.Context, hand func([]*mvccpb.KeyValue) error) (more bool, err error) {
	reading, cancel := context.WithTimeout(ctx, p.retry.Timeout)
	defer cancel()
	resp, err := p.client.Get(reading, p.span.key, append(p.options(), clientv3.WithLimit(p.limit))...)
	if err != nil {
		return false, err
	}
	bytes := int64(1)
	for _, kv := range resp.Kvs {
		bytes += int64(len(kv.GetKey()) + len(kv.GetValue()))
	}
	fit := int64(len(resp.Kvs)) * pageBytes / bytes
	p.limit = max(1, min(fit, 4*p.limit, maxPageKeys))
	return resp.More, hand(resp.Kvs)
}

// stream reads the range as a stream, each part of which has to come within the
// retry's timeout.
func (p *pages) stream(ctx context.Context, hand func([]*mvccpb.KeyValue) error) error {
	reading, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(p.retry.Timeout, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	parts, err := p.client.GetStream(reading, p.span.key, p.options()...)
	if err != nil {
		cancel(nil)
		return err
	}
	defer func() {
		cancel(nil)
		for range parts { // so that its goroutine ends
		}
	}()
	for part := range parts {
		late.Stop()
		if err := part.Err(); err != nil {
			if reading.Err() != nil && ctx.Err() == nil {
				err = context.Cause(reading)
			}
			return err
		}
		if err := hand(part.Kvs); err != nil {
			return err
		}
		late.Reset(p.retry.Timeout)
	}
	return nil
}
