package inventory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
)

// stored is a source of pairs in memory, or of as many as a function makes.
type stored struct {
	head keyspace.Head
	each iter.Seq2[*mvccpb.KeyValue, error]
	err  error // of Head
	asks keyspace.Range
}

func (s *stored) Pages(_ context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	s.asks = r
	return keyspace.Select(s.head, r, s.each)
}

func (s *stored) Events(context.Context, int64, int64, keyspace.Range) iter.Seq2[*mvccpb.Event, error] {
	panic("no events are needed")
}

func (s *stored) Head(context.Context) (keyspace.Head, error) { return s.head, s.err }

func pairs(all ...*mvccpb.KeyValue) iter.Seq2[*mvccpb.KeyValue, error] {
	return func(yield func(*mvccpb.KeyValue, error) bool) {
		for _, kv := range all {
			if !yield(kv, nil) {
				return
			}
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	src := &stored{head: keyspace.Head{Revision: 3000, CompactRevision: 1000, ClusterID: 7}, each: pairs(
		&mvccpb.KeyValue{Key: []byte("/a/new"), Value: []byte("four"), CreateRevision: 2001, ModRevision: 2005, Version: 3, Lease: 5},
		&mvccpb.KeyValue{Key: []byte("/a/old"), Value: []byte("v"), CreateRevision: 2, ModRevision: 990, Version: 500, Lease: 5},
		&mvccpb.KeyValue{Key: []byte("/b/busy"), Value: make([]byte, 93), CreateRevision: 3, ModRevision: 3000, Version: 2600, Lease: 6},
		&mvccpb.KeyValue{Key: []byte("/b/once"), CreateRevision: 4, ModRevision: 4, Version: 1},
	)}
	got, err := Read(t.Context(), src, Options{Prefix: "/", Separator: "/", Compacted: Unknown})
	if err != nil {
		t.Fatal(err)
	}
	if !src.asks.SizesOnly || src.asks.Key != "/" || src.asks.Serializable {
		t.Errorf("asked for %+v", src.asks)
	}
	if got.Head != src.head || got.Total.Keys != 4 || got.Total.Bytes != 10+7+100+7 || got.Total.Versions != 3104 {
		t.Errorf("%+v, %+v", got.Head, got.Total)
	}
	var lines []string
	for _, k := range got.MostWritten {
		lines = append(lines, fmt.Sprintf("%s %d %d", k.Name, k.Versions, k.Kept))
	}
	if text := strings.Join(lines, ", "); text != "/b/busy 2600 2001, /a/old 500 1, /a/new 3 3, /b/once 1 1" {
		t.Error(text)
	}
	if got.Largest[0].Name != "/b/busy" || got.Largest[0].Bytes != 100 || got.Kept != 2006 {
		t.Errorf("%+v, kept %d", got.Largest[0], got.Kept)
	}
	if text := fmt.Sprint(got.Depths); text != "[{1 1 2} {2 9 1} {10 99 0} {100 999 0} {1000 0 1}]" {
		t.Error(text)
	}
	if text := fmt.Sprintf("%+v", got.Leases); text != "{Keys:3 Largest:[{ID:5 Keys:2} {ID:6 Keys:1}] Many:false}" {
		t.Error(text)
	}
	if got.Tree.Name != "/" || len(got.Tree.Parts) != 2 || got.Tree.Parts[0].Name != "/b/" {
		t.Errorf("%+v", got.Tree)
	}
}

// A history whose beginning is not known leaves the rest as it is; keys that
// can't be read are an error.
func TestReadFails(t *testing.T) {
	t.Parallel()
	refused, one := errors.New("permission denied"), &mvccpb.KeyValue{Key: []byte("k"), CreateRevision: 2, ModRevision: 9, Version: 8}
	got, err := Read(t.Context(), &stored{err: refused, each: pairs(one)}, Options{Separator: "/", Compacted: Unknown})
	if err != nil || !errors.Is(got.HistoryErr, refused) || got.Total.Keys != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Read(t.Context(), &stored{err: refused, each: pairs(one)}, Options{Separator: "/", Compacted: 7})
	if err != nil || got.HistoryErr != nil || got.Head.CompactRevision != 7 || got.Kept != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	broken := func(yield func(*mvccpb.KeyValue, error) bool) { _ = yield(one, nil) && yield(nil, refused) }
	if got, err := Read(t.Context(), &stored{each: broken}, Options{Separator: "/"}); got != nil || !errors.Is(err, refused) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Memory does not grow with the keys, the leases, the directories or the depth of
// names.
func TestMemory(t *testing.T) { // not beside others: it looks at all memory
	const keys = 300_000
	long := strings.Repeat("/", 10_000)
	src := &stored{each: func(yield func(*mvccpb.KeyValue, error) bool) {
		for i := range keys {
			name := fmt.Appendf(nil, "/%03d/%02d/%d/%d/key", i/1000, i/10%100, i, i)
			if i%1000 == 0 {
				name = append(name, long...)
			}
			if !yield(&mvccpb.KeyValue{Key: name, Version: 2, ModRevision: int64(i + 2), CreateRevision: 2, Lease: int64(i)}, nil) {
				return
			}
		}
	}}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	got, err := Read(t.Context(), src, Options{Separator: "/"})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 32<<20 {
		t.Errorf("%d bytes are held", held)
	}
	if got.Total.Keys != keys || !got.Leases.Many || len(got.Largest) != listed || len(got.MostWritten) != listed {
		t.Errorf("%+v, %d, %d", got.Total, len(got.Largest), len(got.MostWritten))
	}
}
