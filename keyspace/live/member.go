package live

import (
	"context"
	"errors"
	"fmt"
	"iter"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/keyspace"
	"etcdkit/keyspace/consistency"
)

// Member reads the keyspace as one member holds it, whatever the others hold. The
// client of its source is connected to that member alone.
type Member struct {
	*Source
	hash func(ctx context.Context, rev int64) (*pb.HashKVResponse, error)
}

// NewMember returns the member that a source is connected to. hash asks it for its
// hash at a revision.
func NewMember(s *Source, hash func(ctx context.Context, rev int64) (*pb.HashKVResponse, error)) Member {
	return Member{Source: s, hash: hash}
}

// Hash implements consistency.Replica.
func (m Member) Hash(ctx context.Context, rev int64) (consistency.Hash, error) {
	resp, err := m.hash(ctx, rev)
	if err != nil {
		err = m.discarded(err)
		if m.Explain != nil && !errors.Is(err, consistency.ErrCompacted) {
			err = m.Explain(err)
		}
		return consistency.Hash{}, err
	}
	return consistency.Hash{Sum: resp.GetHash(), Compacted: resp.GetCompactRevision()}, nil
}

// Pages reads a range without asking the other members.
func (m Member) Pages(ctx context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	r.Serializable = true
	return func(yield func(*keyspace.Page, error) bool) {
		for page, err := range m.Source.Pages(ctx, r) {
			if !yield(page, m.discarded(err)) {
				return
			}
		}
	}
}

// Head asks the member for its own revision.
func (m Member) Head(ctx context.Context) (keyspace.Head, error) {
	for page, err := range m.Pages(ctx, keyspace.Range{Key: "\x00", CountOnly: true}) {
		if err != nil {
			return keyspace.Head{}, err
		}
		return page.Head, nil
	}
	return keyspace.Head{}, context.Cause(ctx)
}

// Events reads the member's history. A watch is always answered by one member.
func (m Member) Events(ctx context.Context, from, to int64, r keyspace.Range) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		for e, err := range m.Source.Events(ctx, from, to, r) {
			if !yield(e, m.discarded(err)) {
				return
			}
		}
	}
}

// discarded marks the error of a revision that was compacted.
func (m Member) discarded(err error) error {
	if errors.Is(err, rpctypes.ErrCompacted) {
		return fmt.Errorf("%w: %w", consistency.ErrCompacted, err)
	}
	return err
}
