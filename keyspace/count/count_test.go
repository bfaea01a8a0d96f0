package count

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
	"etcdkit/keyspace/fence/fencekey"
)

// history is a source whose keys at revision N are its element N-1. It notes
// whether names were read.
type history struct {
	keyspace.Source
	keys  [][]string
	gone  int64 // revisions up to here are compacted
	named bool
}

var errCompacted = errors.New("compacted")

func (h *history) Pages(_ context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	rev := r.Rev
	if rev == 0 {
		rev = int64(len(h.keys))
	}
	h.named = h.named || r.KeysOnly
	return func(yield func(*keyspace.Page, error) bool) {
		if rev <= h.gone {
			yield(nil, errCompacted)
			return
		}
		pairs := func(yield func(*mvccpb.KeyValue, error) bool) {
			for _, key := range h.keys[rev-1] {
				if keyspace.Within([]byte(key), r.Key, r.End) && !yield(&mvccpb.KeyValue{Key: []byte(key)}, nil) {
					return
				}
			}
		}
		keyspace.Select(keyspace.Head{Revision: rev}, r, pairs)(yield)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	one, two := fencekey.New([]byte("/a/1"))+"1", fencekey.New([]byte("/b"))+"2"
	lists := func(all ...[]string) func() Fences { // one list for each call
		return func() Fences {
			rest := all
			return func(context.Context, int64) ([]string, error) {
				now := rest[0]
				rest = rest[min(1, len(rest)-1):]
				return now, nil
			}
		}
	}
	for _, tt := range []struct {
		name   string
		fences func() Fences
		rev    int64
		prefix string
		want   int64
		named  bool
	}{
		{name: "no fence is listed", fences: lists(nil), prefix: "/c", want: 1},
		{name: "all", fences: lists([]string{one, two}), want: 4},
		{name: "outside of the range", fences: lists([]string{one, two}), prefix: "/b", want: 1},
		{name: "begun meanwhile", fences: lists(nil, []string{one, two}), want: 4},
		{name: "ended meanwhile", fences: lists([]string{one, two}, nil), want: 4},
		{name: "ended before", fences: lists([]string{one, two, fencekey.New([]byte("/a")) + "1"}), want: 4},
		{name: "may not be listed", fences: func() Fences {
			return func(context.Context, int64) ([]string, error) { return nil, errors.ErrUnsupported }
		}, want: 4, named: true},
		{name: "a source without a list", fences: func() Fences { return nil }, rev: 1, want: 2, named: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := &history{keys: [][]string{{"/a/1", one, "/c"}, {"/a/1", one, "/a/2", "/b", two, "/c"}}}
			for _, keys := range h.keys {
				slices.Sort(keys)
			}
			r := keyspace.Prefix(tt.prefix)
			r.Rev = tt.rev
			page, err := Keys(t.Context(), h, r, tt.fences())
			if err != nil {
				t.Fatal(err)
			}
			if page.Count != tt.want || h.named != tt.named || len(page.KVs) != 0 {
				t.Errorf("%d keys, names read %v, %d pairs; want %d, %v, 0", page.Count, h.named, len(page.KVs), tt.want, tt.named)
			}
		})
	}
}

// TestCompacted compacts the revision of a count before the fences at it are
// looked up.
func TestCompacted(t *testing.T) {
	t.Parallel()
	one := fencekey.New([]byte("/a")) + "1"
	h := &history{keys: [][]string{{"/a", one}}}
	calls := 0
	page, err := Keys(t.Context(), h, keyspace.Prefix(""), func(context.Context, int64) ([]string, error) {
		if calls++; calls == 2 {
			h.keys, h.gone = append(h.keys, []string{"/a", one, "/b"}), 1
		}
		return []string{one}, nil
	})
	if err != nil || page.Count != 2 || page.Head.Revision != 2 || !h.named {
		t.Errorf("%s, names read %v, error %v", fmt.Sprint(page), h.named, err)
	}
}

func TestFails(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	_, err := Keys(t.Context(), &history{keys: [][]string{nil}}, keyspace.Prefix(""), func(context.Context, int64) ([]string, error) { return nil, failed })
	if !errors.Is(err, failed) {
		t.Errorf("error %v, want %v", err, failed)
	}
	_, err = Keys(t.Context(), &history{keys: [][]string{nil}, gone: 1}, keyspace.Prefix(""), nil)
	if !errors.Is(err, errCompacted) {
		t.Errorf("error %v, want %v", err, errCompacted)
	}
}
