// Package history lists the versions of keys, newest first.
//
// It may import keyspace, keyspace/fence/fencekey and internal/spill.
package history

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/internal/spill"
	"etcdkit/keyspace"
	"etcdkit/keyspace/fence/fencekey"
)

// Query says which versions to list.
type Query struct {
	Key, End string // as in etcd's API
	Limit    int64  // at most this many, the newest; 0 is all
	Previous bool   // with the pair before each version
}

// List is the versions that a source has kept.
type List struct {
	// Compacted is the revision of the last compaction; 0 if there was none. Of
	// the versions before it, only the last one of each key that existed then is
	// kept.
	Compacted int64
	// Versions yields them newest first. An error ends them.
	Versions iter.Seq2[*mvccpb.Event, error]
	stored   *spill.File
}

// Close frees what the list holds.
func (l *List) Close() error { return l.stored.Close() }

// historian is a source whose Head does not know the compact revision.
type historian interface {
	// HistoryOf returns where the history of a range begins and ends. It needs the
	// right to read that range and no other.
	HistoryOf(ctx context.Context, r keyspace.Range) (keyspace.Head, error)
}

// Bounds returns where the history of a range begins and ends.
func Bounds(ctx context.Context, src keyspace.Source, r keyspace.Range) (keyspace.Head, error) {
	if s, ok := src.(historian); ok {
		return s.HistoryOf(ctx, r)
	}
	return src.Head(ctx)
}

// Of reads the versions of the keys of a query. Sources yield events oldest
// first, so all of them pass through a temporary file; memory is that of an
// event, and of the pairs of the range at the compact revision, which are sorted
// by their revisions. The caller closes the list.
func Of(ctx context.Context, src keyspace.Source, q Query) (_ *List, err error) {
	l := &List{}
	if l.stored, err = spill.New(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	r := keyspace.Range{Key: q.Key, End: q.End, PrevKV: q.Previous}
	head, err := Bounds(ctx, src, r)
	if err != nil {
		return nil, err
	}
	l.Compacted = head.CompactRevision
	s := &store{file: l.stored}
	if err := s.fill(ctx, src, r, l.Compacted, head.Revision); err != nil {
		return nil, err
	}
	l.Versions = s.newestFirst(q.Limit)
	return l, nil
}

// store keeps events in a file, each followed by its length in 4 bytes, so that
// they can be read backwards.
type store struct {
	file *spill.File
	size int64
	buf  []byte
}

// bufferBytes is how much is written at a time.
const bufferBytes = 1 << 20

// fill stores the pairs as they were at the compact revision, and then the
// changes after it.
func (s *store) fill(ctx context.Context, src keyspace.Source, r keyspace.Range, compacted, latest int64) error {
	if compacted > 0 {
		at := r
		at.Rev, at.PrevKV, at.Sort = compacted, false, keyspace.Sort{By: keyspace.ByMod, Order: keyspace.Ascending}
		for page, err := range src.Pages(ctx, at) {
			if err != nil {
				return keyspace.Unbroken(err)
			}
			for _, kv := range page.KVs {
				if err := s.add(&mvccpb.Event{Type: mvccpb.Event_PUT, Kv: kv}); err != nil {
					return err
				}
			}
		}
	}
	if compacted < latest {
		for e, err := range src.Events(ctx, compacted+1, latest, r) {
			if err != nil {
				return err
			}
			if err := s.add(e); err != nil {
				return err
			}
		}
	}
	return s.flush()
}

// add stores an event, unless it is about a fence.
func (s *store) add(e *mvccpb.Event) error {
	if fencekey.Is(e.GetKv()) {
		return nil
	}
	before := len(s.buf)
	var err error
	if s.buf, err = (proto.MarshalOptions{}).MarshalAppend(s.buf, e); err != nil {
		return err
	}
	s.buf = binary.BigEndian.AppendUint32(s.buf, uint32(len(s.buf)-before)) //nolint:gosec // a server's limit is below 4 GiB
	if len(s.buf) < bufferBytes {
		return nil
	}
	return s.flush()
}

func (s *store) flush() error {
	n, err := s.file.Write(s.buf)
	s.size += int64(n)
	s.buf = s.buf[:0]
	return spill.Full(err)
}

// newestFirst reads the events backwards.
func (s *store) newestFirst(limit int64) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		end := s.size
		for n := int64(0); end > 0 && (limit == 0 || n < limit); n++ {
			e := &mvccpb.Event{}
			begin, err := s.read(end, e)
			if !yield(e, err) || err != nil {
				return
			}
			end = begin
		}
	}
}

// read reads the event that ends at an offset, and returns where it begins.
func (s *store) read(end int64, e *mvccpb.Event) (int64, error) {
	var length [4]byte
	if _, err := s.file.ReadAt(length[:], end-4); err != nil {
		return 0, fmt.Errorf("read the temporary file: %w", err)
	}
	b := make([]byte, binary.BigEndian.Uint32(length[:]))
	begin := end - 4 - int64(len(b))
	if _, err := s.file.ReadAt(b, begin); err != nil {
		return 0, fmt.Errorf("read the temporary file: %w", err)
	}
	return begin, proto.Unmarshal(b, e)
}
