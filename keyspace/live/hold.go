package live

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
)

// A range is read at one revision by several requests, so a compaction between
// them can end the reading, which one request for all of it would survive. Pages
// of a range that is not large are therefore held back for a moment: as long as
// none was handed out, the range can be read again at a newer revision, and then
// by one request if it fits.
const (
	wholeBytes = 64 << 20 // of a range that one request may read
	holdTime   = 10 * time.Second
	tries      = 5 // readings of a range that is compacted away again and again
)

// held are pages that were read and not handed out yet.
type held struct {
	active bool // nothing has been handed out
	begun  time.Time
	pages  []*keyspace.Page
	bytes  int64
}

func (h *held) add(page *keyspace.Page) {
	h.pages = append(h.pages, page)
	h.bytes += size(page.KVs)
}

// release hands out the pages that were held back.
func (s *scan) release(ctx context.Context) error {
	pages := s.held.pages
	s.held = held{}
	for _, page := range pages {
		if err := s.pass(ctx, page); err != nil {
			return err
		}
	}
	return nil
}

// estimate returns how many bytes the whole range has, as far as is known.
func (s *scan) estimate() int64 {
	count := s.count
	if s.Limit > 0 {
		count = min(count, s.Limit)
	}
	if s.done == 0 || count < 0 {
		return 0
	}
	return count * (s.held.bytes / s.done)
}

// restart discards the pairs that were read, if none of them was handed out.
func (s *scan) restart() bool {
	if !s.held.active {
		return false
	}
	s.wide = s.estimate() > wholeBytes
	s.held.pages, s.held.bytes = nil, 0
	s.header, s.pinned, s.count, s.recent, s.last, s.done, s.repeated = nil, 0, -1, nil, nil, 0, false
	return true
}

// again reads a range that was compacted away.
func (s *scan) again(ctx context.Context) error {
	if s.wide {
		return s.read(ctx)
	}
	resp, err := s.askUpTo(ctx, s.request(s.Key, s.End, s.Limit), callOptions(wholeBytes+wholeBytes/8))
	if tooMuch(err) {
		return s.read(ctx)
	}
	if err != nil {
		return err
	}
	s.count = resp.GetCount()
	return errors.Join(s.pin(resp), s.hand(ctx, resp.GetKvs(), resp.GetMore()))
}

// complete reports a range of which other than the counted keys came.
func (s *scan) complete() error {
	want := s.count
	if s.Limit > 0 {
		want = min(want, s.Limit)
	}
	if s.one || s.Skip != nil || s.done == want {
		return nil
	}
	return wrong("%d keys counted, %d sent", s.count, s.done)
}

// lastKey returns the key of the last pair, nil if there is none.
func lastKey(kvs []*mvccpb.KeyValue) []byte {
	if len(kvs) == 0 {
		return nil
	}
	return kvs[len(kvs)-1].GetKey()
}
