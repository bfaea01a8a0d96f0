package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
)

// log is a keyspace whose events are all in memory.
type log struct {
	events    []*mvccpb.Event
	compacted int64
	fail      error
}

func (l log) Head(context.Context) (keyspace.Head, error) {
	return keyspace.Head{Revision: l.events[len(l.events)-1].Kv.ModRevision, CompactRevision: l.compacted}, nil
}

func (l log) Pages(_ context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	state := map[string]*mvccpb.KeyValue{}
	for _, e := range l.events {
		if e.Kv.ModRevision <= r.Rev {
			state[string(e.Kv.Key)] = e.Kv
			if e.Type == mvccpb.Event_DELETE {
				delete(state, string(e.Kv.Key))
			}
		}
	}
	page := &keyspace.Page{}
	for _, e := range l.events {
		if state[string(e.Kv.Key)] == e.Kv && within(r, e.Kv) {
			page.KVs = append(page.KVs, e.Kv)
		}
	}
	return func(yield func(*keyspace.Page, error) bool) { yield(page, nil) }
}

func (l log) Events(_ context.Context, from, to int64, r keyspace.Range) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		for _, e := range l.events {
			if rev := e.Kv.ModRevision; rev >= from && rev <= to && within(r, e.Kv) && !yield(e, nil) {
				return
			}
		}
		if l.fail != nil {
			yield(nil, l.fail)
		}
	}
}

func within(r keyspace.Range, kv *mvccpb.KeyValue) bool {
	key := string(kv.Key)
	return key == r.Key || r.End != "" && key >= r.Key && (key < r.End || r.End == "\x00")
}

// random returns a history of a few keys, with values of up to a few hundred
// bytes, so that some runs write the file in several pieces.
func random(r *rand.Rand) log {
	var l log
	version := map[string]int64{}
	for rev := int64(2); rev < 4+r.Int64N(40); rev++ {
		key := string(rune('a' + r.IntN(3)))
		kv := &mvccpb.KeyValue{Key: []byte(key), ModRevision: rev}
		e := &mvccpb.Event{Type: mvccpb.Event_DELETE, Kv: kv}
		if version[key] == 0 || r.IntN(4) > 0 {
			version[key]++
			e.Type, kv.Version, kv.Value = mvccpb.Event_PUT, version[key], make([]byte, r.IntN(bufferBytes/8))
		} else {
			version[key] = 0
		}
		l.events = append(l.events, e)
	}
	l.compacted = max(0, r.Int64N(20)-5)
	if last := l.events[len(l.events)-1].Kv.ModRevision; l.compacted > last {
		l.compacted = last
	}
	return l
}

// All versions that a compaction leaves are listed, newest first.
func TestOfAgainstAModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := random(r)
		q := Query{Key: "a", Limit: max(0, r.Int64N(12)-4)}
		if r.IntN(2) == 0 {
			q.End = "c"
		}
		var want []string
		for i, e := range slices.Backward(l.events) {
			replaced := slices.ContainsFunc(l.events[i+1:], func(later *mvccpb.Event) bool {
				return string(later.Kv.Key) == string(e.Kv.Key) && later.Kv.ModRevision <= l.compacted
			})
			kept := e.Kv.ModRevision > l.compacted || !replaced && e.Type == mvccpb.Event_PUT
			if kept && within(keyspace.Range{Key: q.Key, End: q.End}, e.Kv) && (q.Limit == 0 || int64(len(want)) < q.Limit) {
				want = append(want, line(e))
			}
		}
		list, err := Of(t.Context(), l, q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for e, err := range list.Versions {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, line(e))
		}
		if err := list.Close(); err != nil || !slices.Equal(got, want) || list.Compacted != l.compacted {
			t.Fatalf("seed %d, compacted %d: %v, %v\ngot  %q\nwant %q", seed, l.compacted, q, err, got, want)
		}
	}
}

func line(e *mvccpb.Event) string {
	return fmt.Sprintf("%d %v %s %d %d", e.Kv.ModRevision, e.Type, e.Kv.Key, e.Kv.Version, len(e.Kv.Value))
}

func TestOfFails(t *testing.T) {
	t.Parallel()
	l := random(rand.New(rand.NewPCG(1, 1)))
	l.fail, l.compacted = errors.New("lost"), 0
	if list, err := Of(t.Context(), l, Query{Key: "a"}); !errors.Is(err, l.fail) || list != nil {
		t.Errorf("%v, %v", list, err)
	}
}
