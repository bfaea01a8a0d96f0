package offline

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
	"etcdkit/snapshot"
)

// Store is the history of keys that a Source reads. *snapshot.File is one.
type Store interface {
	Head(ctx context.Context) (snapshot.Head, error)
	Keys(ctx context.Context, rev int64, r snapshot.Range) iter.Seq2[*mvccpb.KeyValue, error]
	Events(ctx context.Context, from, to int64, r snapshot.Range) iter.Seq2[*mvccpb.Event, error]
}

// Source is a keyspace.Source of a Store.
type Source struct {
	Store Store
	// Who adds what is known of the cluster and the member to the state of the
	// keyspace. It may be nil.
	Who func(ctx context.Context, h *keyspace.Head) error
	// Verify checks the bytes of the file, while a range of keys or events is read.
	// It may be nil. A single key and its value are returned unverified: this would
	// take many times as long as to find them.
	Verify func(ctx context.Context) error
}

// Head implements keyspace.Source.
func (s Source) Head(ctx context.Context) (keyspace.Head, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return keyspace.Head{}, err
	}
	h := keyspace.Head{Revision: head.Revision, CompactRevision: head.CompactRevision}
	if s.Who != nil {
		err = s.Who(ctx, &h)
	}
	return h, err
}

// Pages implements keyspace.Source. In the order of the keys, its memory is that
// of snapshot.File.Keys and a page.
func (s Source) Pages(ctx context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	return func(yield func(*keyspace.Page, error) bool) {
		head, err := s.Head(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		span := span(r)
		span.KeysOnly = (r.KeysOnly || r.CountOnly) && r.Sort.By != keyspace.ByValue
		span.SizesOnly = r.SizesOnly && r.Sort.By != keyspace.ByValue
		verified, stop := s.verify(ctx, r)
		defer stop()
		last := (*keyspace.Page)(nil) // kept back until the file is verified
		for page, err := range keyspace.Select(head, r, s.Store.Keys(ctx, max(0, r.Rev), span)) {
			if last != nil && !yield(last, nil) {
				return
			}
			if last = page; err != nil {
				yield(nil, explain(head, err))
				return
			}
		}
		if err := verified(); err != nil {
			yield(nil, err)
			return
		}
		yield(last, nil)
	}
}

// verify begins to verify the file if a range has more than one key, and returns a
// function that waits for the result, and one that ends it.
func (s Source) verify(ctx context.Context, r keyspace.Range) (wait func() error, stop context.CancelFunc) {
	if s.Verify == nil || r.End == "" {
		return func() error { return nil }, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	err, done := error(nil), make(chan struct{})
	go func() {
		defer close(done)
		err = s.Verify(ctx)
	}()
	return func() error { <-done; return err }, func() { cancel(); <-done }
}

// Events implements keyspace.Source.
func (s Source) Events(ctx context.Context, from, to int64, r keyspace.Range) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		head, err := s.Head(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		span := span(r)
		span.PrevKV = r.PrevKV
		verified, stop := s.verify(ctx, keyspace.Prefix(""))
		defer stop()
		for e, err := range s.Store.Events(ctx, from, to, span) {
			if !yield(e, explain(head, err)) || err != nil {
				return
			}
		}
		if err := verified(); err != nil {
			yield(nil, err)
		}
	}
}

// explain adds the revisions that can be read to the error of one that can't.
func explain(h keyspace.Head, err error) error {
	if errors.Is(err, snapshot.ErrCompacted) || errors.Is(err, snapshot.ErrFutureRevision) {
		return fmt.Errorf("etcdserver: %w: revisions %d to %d can be read here", err, max(1, h.CompactRevision), h.Revision)
	}
	return err
}

// span returns the keys of a range as files take them. Its end is spelled as in
// etcd's API: "" is that of a single key, "\x00" is no end.
func span(r keyspace.Range) snapshot.Range {
	switch r.End {
	case "":
		return snapshot.Range{From: []byte(r.Key), Below: []byte(r.Key + "\x00")}
	case "\x00":
		return snapshot.Range{From: []byte(r.Key)}
	}
	return snapshot.Range{From: []byte(r.Key), Below: []byte(r.End)}
}
