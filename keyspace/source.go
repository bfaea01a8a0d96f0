// Package keyspace defines how commands read an etcd keyspace, wherever it is:
// a live cluster (keyspace/live), a snapshot file, or the data directory of a
// stopped member. The packages below it are the engines that read and write one.
//
// It may import etcd's mvccpb messages and nothing else of etcd, so that a
// program that reads files does not link a client.
package keyspace

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// Source is a keyspace that can be read at a revision. It may be used by several
// goroutines.
type Source interface {
	// Pages returns the pairs of a range in the order that the range asks for, all
	// as of one revision. There is at least one page. Memory does not grow with the
	// range unless the range asks for another order than that of the keys. An error
	// ends the pages; it is a *Broken if pages came before it.
	Pages(ctx context.Context, r Range) iter.Seq2[*Page, error]

	// Events returns the events of the keys of a range from one revision to
	// another, both included, in order. With 0 as the last one, a source that
	// changes goes on until ctx ends, and one that does not change has no events. It
	// uses only Key, End and PrevKV of the range. An error ends the sequence.
	Events(ctx context.Context, from, to int64, r Range) iter.Seq2[*mvccpb.Event, error]

	// Head returns where the keyspace is now.
	Head(ctx context.Context) (Head, error)
}

// Head is the state of a keyspace and who reported it.
type Head struct {
	Revision        int64 // the latest
	CompactRevision int64 // history before it is discarded; 0 if unknown
	ClusterID       uint64
	MemberID        uint64 // 0 if there is no member
	RaftTerm        uint64
}

// Range says which keys to read and how.
type Range struct {
	Key, End  string // from Key up to but not including End, both spelled as in etcd's API
	Rev       int64  // 0 means the latest revision
	Limit     int64  // at most this many pairs; 0 means all
	KeysOnly  bool   // leave the values out
	CountOnly bool   // leave the pairs out
	SizesOnly bool   // values may be any bytes, as many as the value has
	Filter    Filter
	Sort      Sort

	// Serializable permits an answer that the quorum has not confirmed.
	Serializable bool
	// AtOnce hands each page out as it comes. A source otherwise holds pages back
	// for a moment, so that a compaction does not end the reading.
	AtOnce bool
	// PrevKV adds to events the pair before each, if that is not compacted.
	PrevKV bool

	// Skip returns the first key of interest after the given one, if that is not
	// the next. A source may leave out the pairs between, but need not.
	Skip func(key []byte) string
}

// Within reports whether k is in a range, which is spelled as in etcd's API.
func Within(k []byte, key, end string) bool {
	switch end {
	case "":
		return string(k) == key
	case "\x00":
		return string(k) >= key || key == "\x00"
	}
	return string(k) >= key && string(k) < end
}

// Prefix returns the range of all keys with a prefix.
func Prefix(prefix string) Range {
	if prefix == "" {
		return Range{Key: "\x00", End: "\x00"}
	}
	return Range{Key: prefix, End: prefixEnd(prefix)}
}

// prefixEnd returns the first key after those with a prefix, "\x00" if there is
// none.
func prefixEnd(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return "\x00"
}

// After returns the key that follows all keys with a prefix, "" if none can.
func After(prefix string) string {
	if end := prefixEnd(prefix); end != "\x00" {
		return end
	}
	return ""
}

// Filter bounds the revisions of the pairs; 0 is no bound.
type Filter struct {
	MinCreate, MaxCreate, MinMod, MaxMod int64
}

// drops reports whether the filter leaves a pair out.
func (f Filter) drops(kv *mvccpb.KeyValue) bool {
	outside := func(rev, least, most int64) bool { return least != 0 && rev < least || most != 0 && rev > most }
	return outside(kv.GetCreateRevision(), f.MinCreate, f.MaxCreate) || outside(kv.GetModRevision(), f.MinMod, f.MaxMod)
}

// Sort is the order of the pairs. The zero value is that of the keys.
type Sort struct {
	By    SortBy
	Order Order
}

// SortBy names the field that pairs are sorted by. The values are those of
// etcd's API.
type SortBy int32

// What pairs are sorted by.
const (
	ByKey SortBy = iota
	ByVersion
	ByCreate
	ByMod
	ByValue
)

// Order is the direction of a sort. The values are those of etcd's API.
type Order int32

// The directions of a sort. Unordered is ascending, but with a limit only the
// first pairs by key are sorted.
const (
	Unordered Order = iota
	Ascending
	Descending
)

// InKeyOrder reports whether the sort leaves the pairs in the order of their
// keys.
func (s Sort) InKeyOrder() bool { return s.By == ByKey && s.Order != Descending }

// Page is a part of a range. Pages belong to the caller.
type Page struct {
	Head  Head // the same for all pages of a range: that of the first answer
	KVs   []*mvccpb.KeyValue
	More  bool  // in the last page: the limit left pairs out
	Count int64 // in the last page: keys of the range, whatever its limit and filter
}

// Broken is the error of a range that was read in part: all pairs up to and
// including the key Last, at revision Rev.
type Broken struct {
	Last string
	Rev  int64
	Err  error
}

func (b *Broken) Error() string {
	return fmt.Sprintf("%v; all keys up to %q at revision %d were read", b.Err, b.Last, b.Rev)
}

func (b *Broken) Unwrap() error { return b.Err }

// Unbroken returns err without the note of how much was read, for callers that
// have printed nothing of it.
func Unbroken(err error) error {
	if broken := (*Broken)(nil); errors.As(err, &broken) {
		return broken.Err
	}
	return err
}
