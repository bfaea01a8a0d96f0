package consistency

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
)

// history is a replica in memory, compacted at a revision. Its hash covers what a
// server's does.
type history struct {
	events    []*mvccpb.Event // by revision
	compacted int64
	cluster   uint64
	hashed    int // how many hashes it was asked for
	fail      error
	onHash    func(h *history)
}

func (h *history) latest() int64 {
	return max(1, h.events[len(h.events)-1].Kv.ModRevision)
}

func (h *history) Head(context.Context) (keyspace.Head, error) {
	return keyspace.Head{Revision: h.latest(), ClusterID: h.cluster}, h.fail
}

// live returns the pairs at a revision.
func (h *history) live(rev int64) []*mvccpb.KeyValue {
	at := map[string]*mvccpb.KeyValue{}
	for _, e := range h.events {
		switch {
		case e.Kv.ModRevision > rev:
		case e.Type == mvccpb.DELETE:
			delete(at, string(e.Kv.Key))
		default:
			at[string(e.Kv.Key)] = e.Kv
		}
	}
	var all []*mvccpb.KeyValue
	for _, kv := range at {
		all = append(all, kv)
	}
	slices.SortFunc(all, func(a, b *mvccpb.KeyValue) int { return cmp.Compare(string(a.Key), string(b.Key)) })
	return all
}

func (h *history) Hash(_ context.Context, rev int64) (Hash, error) {
	h.hashed++
	if h.onHash != nil {
		h.onHash(h)
	}
	if rev == 0 {
		rev = h.latest()
	}
	if rev < h.compacted {
		return Hash{}, ErrCompacted
	}
	sum := fnv.New32a()
	add := func(kv *mvccpb.KeyValue) { fmt.Fprintf(sum, "%s %s %d;", kv.Key, kv.Value, kv.ModRevision) }
	for _, kv := range h.live(rev) {
		if kv.ModRevision <= h.compacted {
			add(kv)
		}
	}
	for _, e := range h.events {
		if e.Kv.ModRevision > h.compacted && e.Kv.ModRevision <= rev {
			add(e.Kv)
		}
	}
	compacted := h.compacted
	if compacted == 0 {
		compacted = -1 // as a server has it
	}
	return Hash{Sum: sum.Sum32(), Compacted: compacted}, h.fail
}

func (h *history) Pages(_ context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	return func(yield func(*keyspace.Page, error) bool) {
		if r.Rev < h.compacted {
			yield(nil, ErrCompacted)
			return
		}
		yield(&keyspace.Page{KVs: h.live(r.Rev)}, nil)
	}
}

func (h *history) Events(_ context.Context, from, to int64, _ keyspace.Range) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		if from <= h.compacted {
			yield(nil, ErrCompacted)
			return
		}
		for _, e := range h.events {
			if e.Kv.ModRevision >= from && e.Kv.ModRevision <= to && !yield(e, nil) {
				return
			}
		}
	}
}

// written returns a history with n revisions of 100 keys, which edit changes.
func written(n int64, edit func(e *mvccpb.Event) *mvccpb.Event) *history {
	h := &history{}
	for rev := int64(2); rev < n+2; rev++ {
		e := &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: fmt.Appendf(nil, "k%02d", rev%100), Value: fmt.Appendf(nil, "v%d", rev), ModRevision: rev}}
		if rev%7 == 0 {
			e.Type, e.Kv.Value = mvccpb.DELETE, nil
		}
		if edit != nil {
			e = edit(e)
		}
		if e != nil {
			h.events = append(h.events, e)
		}
	}
	return h
}

// flipped changes the value at a revision.
func flipped(rev int64) func(e *mvccpb.Event) *mvccpb.Event {
	return func(e *mvccpb.Event) *mvccpb.Event {
		if e.Kv.ModRevision == rev {
			e.Kv.Value = []byte("flipped")
		}
		return e
	}
}

func copies(all ...*history) []Copy {
	var some []Copy
	for i, h := range all {
		some = append(some, Copy{Name: fmt.Sprintf("m%d", i+1), Replica: h})
	}
	return some
}

func compare(t *testing.T, all ...*history) *Result {
	t.Helper()
	c := Comparison{Tries: 3, Pause: func(context.Context, time.Duration) error { return nil }}
	r, err := c.Compare(t.Context(), copies(all...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(h *history, compacted int64) *history {
	h.compacted = compacted
	return h
}

func TestFirstRevision(t *testing.T) {
	t.Parallel()
	const n = 5000
	for _, tt := range []struct {
		rev, compacted int64
		want           int64 // 0: equal
		kept           bool
	}{
		{rev: 2, want: 2}, {rev: 3, want: 3}, {rev: 2500, want: 2500}, {rev: n + 1, want: n + 1}, {rev: n, want: n},
		{rev: 4000, compacted: 3000, want: 4000}, {rev: 3001, compacted: 3000, want: 3001}, {rev: 3002, compacted: 3000, want: 3002},
		{rev: 2999, compacted: 3000}, // written before the compaction, and again since
		{rev: 4990, compacted: 5000, want: 5000, kept: true},
		{rev: 4990, compacted: n + 1, want: n + 1, kept: true},
	} {
		t.Run(fmt.Sprintf("%d after %d", tt.rev, tt.compacted), func(t *testing.T) {
			t.Parallel()
			odd := at(written(n, flipped(tt.rev)), tt.compacted)
			r := compare(t, at(written(n, nil), tt.compacted), odd, at(written(n, nil), tt.compacted))
			if tt.want == 0 {
				if !r.Equal() {
					t.Fatalf("got %+v", r)
				}
				return
			}
			if r.Read || r.Equal() || !r.Majority || !slices.Equal(r.Names(0), []string{"m1", "m3"}) || len(r.Differences) != 1 {
				t.Fatalf("got %+v", r)
			}
			d := r.Differences[0]
			if d.Err != nil || d.Revision != tt.want || d.Kept != tt.kept || len(d.Changes) != 1 || string(d.Changes[0].Other.GetKv().GetValue()) != "flipped" {
				t.Errorf("got %+v", d)
			}
			if odd.hashed > 8 {
				t.Errorf("%d hashes", odd.hashed)
			}
		})
	}
}

func TestMissingRevision(t *testing.T) {
	t.Parallel()
	short := func(rev int64) *history {
		return written(300, func(e *mvccpb.Event) *mvccpb.Event {
			if e.Kv.ModRevision == rev {
				return nil
			}
			return e
		})
	}
	r := compare(t, written(300, nil), short(150))
	d := r.Differences[0]
	if r.Majority || d.Revision != 150 || len(d.Changes) != 1 || d.Changes[0].Other != nil || d.Changes[0].First == nil {
		t.Errorf("got %+v", r)
	}
	if d = compare(t, short(150), written(300, nil), short(150)).Differences[0]; d.Revision != 150 || d.Changes[0].First != nil || d.Changes[0].Other == nil {
		t.Errorf("got %+v", d)
	}
}

// Copies after different compactions are read.
func TestDifferentCompactions(t *testing.T) {
	t.Parallel()
	r := compare(t, at(written(500, nil), 200), at(written(520, nil), 300), at(written(500, flipped(400)), 100))
	if !r.Read || !r.Majority || r.Compacted != 300 || r.Revision != 501 || r.Differences[0].Revision != 400 || r.Differences[0].Kept {
		t.Errorf("got %+v", r)
	}
	if r := compare(t, at(written(500, nil), 200), at(written(500, flipped(290)), 300)); !r.Differences[0].Kept || string(r.Differences[0].Changes[0].First.Kv.Value) != "v290" {
		t.Errorf("got %+v", r)
	}
	_, err := Comparison{}.Compare(t.Context(), copies(written(100, nil), at(written(500, nil), 200)))
	if err == nil || err.Error() != "no revision is in all copies: m1 ends at revision 101, and m2 was compacted after that: compare copies that are closer in time" {
		t.Errorf("got %v", err)
	}
}

// A compaction in the middle makes the comparison begin again.
func TestCompactedMeanwhile(t *testing.T) {
	t.Parallel()
	a, b := written(5000, nil), written(5000, flipped(4800))
	for _, h := range []*history{a, b} {
		h.onHash = func(h *history) {
			if h.hashed == 3 {
				h.compacted = 4500
			}
		}
	}
	if r := compare(t, a, b); r.Compacted != 4500 || len(r.Differences) != 1 || r.Differences[0].Revision != 4800 {
		t.Errorf("got %+v", r)
	}
}

func TestCopyFails(t *testing.T) {
	t.Parallel()
	down := written(300, nil)
	down.fail = errors.New("no rights")
	r := compare(t, written(300, nil), down, written(300, nil))
	if !r.Equal() || r.Copies[1].Err == nil || r.Copies[1].Group != -1 {
		t.Errorf("got %+v", r)
	}
	if _, err := (Comparison{}).Compare(t.Context(), copies(written(300, nil), down)); err == nil || err.Error() != "fewer than two copies can be compared: m2: no rights" {
		t.Errorf("got %v", err)
	}
	other := written(300, nil)
	other.cluster = 5
	first := written(300, nil)
	first.cluster = 4
	if _, err := (Comparison{}).Compare(t.Context(), copies(first, other)); err == nil {
		t.Error("copies of two clusters were compared")
	}
}
