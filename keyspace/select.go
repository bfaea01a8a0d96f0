package keyspace

import (
	"bytes"
	"cmp"
	"iter"
	"slices"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// pageBytes is the size from which Select ends a page.
const pageBytes = 1 << 20

// Select returns the pages of a range from all its pairs in the order of their
// keys, as a server would answer. Sources without a server build on it. Pairs are
// changed when the range leaves their values out.
func Select(head Head, r Range, all iter.Seq2[*mvccpb.KeyValue, error]) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		s := &selection{Range: r, page: &Page{Head: head}, yield: yield}
		for kv, err := range all {
			if err != nil {
				s.fail(err)
				return
			}
			if !s.add(kv) {
				return
			}
		}
		s.finish()
	}
}

// selection is the state of one Select.
type selection struct {
	Range
	page   *Page
	yield  func(*Page, error) bool
	bytes  int   // of the pairs of page
	taken  int64 // pairs of all pages
	passed bool  // a page has been handed out
	last   []byte
}

// whole reports whether all pairs must be kept until the last one is read.
func (s *selection) whole() bool { return !s.Sort.InKeyOrder() }

// limitedFirst reports whether the limit applies before the sort: a server that is
// asked for no order reads one pair more than the limit, and sorts these
// (server/etcdserver/txn/range.go).
func (s *selection) limitedFirst() bool {
	return s.Limit > 0 && s.Sort.Order == Unordered && s.whole() && s.Filter == Filter{}
}

// add takes the next pair, and reports whether more are wanted.
func (s *selection) add(kv *mvccpb.KeyValue) bool {
	s.page.Count++
	s.last = kv.GetKey()
	if s.CountOnly || s.Filter.drops(kv) {
		return true
	}
	if s.Limit > 0 && s.taken >= s.Limit && !s.whole() || s.limitedFirst() && s.taken > s.Limit {
		s.page.More = true
		return true
	}
	s.taken++
	s.page.KVs = append(s.page.KVs, kv)
	s.bytes += len(kv.GetKey()) + len(kv.GetValue())
	if s.whole() {
		return true
	}
	s.strip()
	return s.bytes < pageBytes || s.hand()
}

// hand gives the page to the caller and begins another.
func (s *selection) hand() bool {
	full := s.page
	s.page = &Page{Head: full.Head, Count: full.Count, More: full.More}
	s.bytes, s.passed = 0, true
	return s.yield(full, nil)
}

// strip removes the value of the pair that came last.
func (s *selection) strip() {
	if s.KeysOnly {
		s.page.KVs[len(s.page.KVs)-1].Value = nil
	}
}

func (s *selection) fail(err error) {
	if s.passed {
		rev := s.Rev
		if rev == 0 {
			rev = s.page.Head.Revision
		}
		err = &Broken{Last: string(s.last), Rev: rev, Err: err}
	}
	s.yield(nil, err)
}

func (s *selection) finish() {
	if s.whole() {
		slices.SortStableFunc(s.page.KVs, s.compare)
		if s.Limit > 0 && s.taken > s.Limit {
			s.page.KVs, s.page.More = s.page.KVs[:s.Limit], true
		}
		for _, kv := range s.page.KVs {
			if s.KeysOnly {
				kv.Value = nil
			}
		}
	}
	s.yield(s.page, nil)
}

func (s *selection) compare(a, b *mvccpb.KeyValue) int {
	if s.Sort.Order == Descending {
		a, b = b, a
	}
	switch s.Sort.By {
	case ByVersion:
		return cmp.Compare(a.GetVersion(), b.GetVersion())
	case ByCreate:
		return cmp.Compare(a.GetCreateRevision(), b.GetCreateRevision())
	case ByMod:
		return cmp.Compare(a.GetModRevision(), b.GetModRevision())
	case ByValue:
		return bytes.Compare(a.GetValue(), b.GetValue())
	}
	return bytes.Compare(a.GetKey(), b.GetKey())
}
