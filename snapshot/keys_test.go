package snapshot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// keysAt is what a server answers for a range of keys at a revision.
func (h *history) keysAt(rev int64, r Range) string {
	last := map[string]*mvccpb.KeyValue{}
	for _, c := range h.records {
		switch {
		case c.rev.Main > rev:
		case c.rev.Tombstone:
			delete(last, string(c.kv.Key))
		case r.has(c.kv.Key):
			last[string(c.kv.Key)] = c.kv
		}
	}
	var lines []string
	for _, kv := range last {
		lines = append(lines, kvLine(kv, r))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// kvLine begins with the key, so that lines sort as keys do.
func kvLine(kv *mvccpb.KeyValue, r Range) string {
	value := string(kv.Value)
	if r.KeysOnly {
		value = ""
	}
	return fmt.Sprintf("%s create %d mod %d version %d lease %d %q", kv.Key, kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease, value)
}

func (h *history) latestRevision() int64 {
	latest := max(1, h.scheduled, h.finished)
	if n := len(h.records); n > 0 {
		latest = max(latest, h.records[n-1].rev.Main)
	}
	return latest
}

// read collects the keys at a revision; an error ends them as the last line.
func readKeys(t *testing.T, f *File, rev int64, r Range, budget int) string {
	t.Helper()
	var lines []string
	for kv, err := range f.keys(t.Context(), rev, r, budget) {
		if err != nil {
			lines = append(lines, err.Error())
			continue
		}
		lines = append(lines, kvLine(kv, r))
	}
	return strings.Join(lines, "\n")
}

// TestKeys compares with a model, at every revision, with all in memory and
// with a run of sorted keys for every few of them.
func TestKeys(t *testing.T) {
	t.Parallel()
	ranges := []Range{{}, {From: []byte("key/020"), Below: []byte("key/040")}, {From: []byte("key/05"), KeysOnly: true}}
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			h := newHistory()
			h.random(r, int(15*(seed+1)))
			for i := range h.records {
				if !h.records[i].rev.Tombstone && r.IntN(3) == 0 {
					h.records[i].kv.Lease = 1 + r.Int64N(1<<40)
				}
			}
			f := open(t, h.write(t, layout{pageSize: 1024 << (seed % 3)}))
			compacted, latest := max(h.scheduled, h.finished), h.latestRevision()
			if head, err := f.Head(t.Context()); err != nil || head != (Head{Revision: latest, CompactRevision: compacted}) {
				t.Errorf("%+v, %v, want %d, compacted %d", head, err, latest, compacted)
			}
			for rev := int64(-1); rev <= latest+1; rev++ {
				checkKey(t, h, f, rev, fmt.Sprintf("key/%03d", r.IntN(80)))
				for _, span := range ranges {
					want := h.wantKeys(rev, span)
					for _, budget := range []int{sortBudget, 6 * spotCost} {
						if got := readKeys(t, f, rev, span, budget); got != want {
							t.Fatalf("revision %d of %d, compacted %d, %+v, budget %d:\n got %s\nwant %s", rev, latest, compacted, span, budget, got, want)
						}
					}
				}
			}
		})
	}
}

// checkKey compares the range of a single key, which is read backward, with the
// model.
func checkKey(t *testing.T, h *history, f *File, rev int64, key string) {
	t.Helper()
	span := Range{From: []byte(key), Below: []byte(key + "\x00")}
	want := h.wantKeys(rev, span)
	var got []string
	for kv, err := range f.Keys(t.Context(), rev, span) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, kvLine(kv, span))
	}
	if got := strings.Join(got, "\n"); got != want {
		t.Errorf("revision %d: got %s\nwant %s", rev, got, want)
	}
}

// wantKeys is what Keys yields; an error is the last line.
func (h *history) wantKeys(rev int64, span Range) string {
	compacted, latest := max(h.scheduled, h.finished), h.latestRevision()
	switch {
	case rev < 0 || rev > latest:
		return ErrFutureRevision.Error()
	case rev == 0:
		return h.keysAt(latest, span)
	case rev < compacted:
		return ErrCompacted.Error()
	}
	return h.keysAt(rev, span)
}

// TestEvents compares with the changes that a model has made.
func TestEvents(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	h := newHistory()
	h.random(r, 400)
	f := open(t, h.write(t, layout{pageSize: 1024}))
	compacted, latest := max(h.scheduled, h.finished), h.latestRevision()
	span := Range{From: []byte("key/010"), Below: []byte("key/050")}
	for range 300 {
		from, to := r.Int64N(latest+3), r.Int64N(latest+3)
		var want, got []string
		switch {
		case to > latest:
			want = []string{ErrFutureRevision.Error()}
		case to > 0 && to < compacted:
			want = []string{ErrCompacted.Error()}
		case from > latest:
			want = []string{ErrFutureRevision.Error()}
		case from > 0 && from < compacted:
			want = []string{ErrCompacted.Error()}
		default:
			for _, c := range h.records {
				if c.rev.Main < from || (to > 0 && c.rev.Main > to) || !span.has(c.kv.Key) {
					continue
				}
				kv := c.kv
				if c.rev.Tombstone {
					kv = &mvccpb.KeyValue{Key: kv.Key, ModRevision: c.rev.Main}
				}
				want = append(want, fmt.Sprint(c.rev.Tombstone, " ", kvLine(kv, span)))
			}
		}
		for e, err := range f.Events(t.Context(), from, to, span) {
			if err != nil {
				got = append(got, err.Error())
				continue
			}
			got = append(got, fmt.Sprint(e.Type == mvccpb.Event_DELETE, " ", kvLine(e.Kv, span)))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("from %d to %d:\n got %q\nwant %q", from, to, got, want)
		}
	}
}

// TestKeysStop ends the reading early, by the reader and by the context.
func TestKeysStop(t *testing.T) {
	h := newHistory()
	for i := range 5000 {
		h.put("v", fmt.Sprintf("key/%05d", (i*7919)%5000))
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	f := open(t, h.write(t, layout{}))
	for _, budget := range []int{sortBudget, 100 * spotCost} {
		n := 0
		for _, err := range f.keys(t.Context(), 0, Range{}, budget) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 3 {
				break
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n = 0
		var last error
		for _, err := range f.keys(ctx, 0, Range{}, budget) {
			cancel()
			n++
			last = err
		}
		cancel()
		if !errors.Is(last, context.Canceled) || n > checkEvery+1 {
			t.Errorf("budget %d: %d keys after the end, %v", budget, n, last)
		}
	}
	if left, err := os.ReadDir(tmp); err != nil {
		t.Fatal(err)
	} else if len(left) > 2 { // directories of the test
		t.Errorf("left %v", left)
	}
	t.Setenv("TMPDIR", filepath.Join(tmp, "missing"))
	if got := readKeys(t, f, 0, Range{}, 100*spotCost); !strings.HasPrefix(got, "make a temporary file (TMPDIR chooses where): ") {
		t.Errorf("got %s", got)
	}
}

// TestKeysBumped passes over the empty record that restoring with
// --bump-revision makes.
func TestKeysBumped(t *testing.T) {
	t.Parallel()
	h := newHistory()
	h.put("v", "a")
	h.records = append(h.records, change{rev: Revision{Main: 1000}, kv: &mvccpb.KeyValue{}})
	h.scheduled = 1000
	f := open(t, h.write(t, layout{}))
	if head, err := f.Head(t.Context()); err != nil || head != (Head{Revision: 1000, CompactRevision: 1000}) {
		t.Errorf("%+v, %v", head, err)
	}
	if got := readKeys(t, f, 0, Range{}, sortBudget); got != kvLine(h.records[0].kv, Range{}) {
		t.Errorf("got %s", got)
	}
}

// TestKeysDamaged ends with an error about the damage.
func TestKeysDamaged(t *testing.T) {
	t.Parallel()
	h := newHistory()
	for i := range 400 {
		h.put(strings.Repeat("v", 50), fmt.Sprintf("key/%03d", i))
	}
	good := readFile(t, h.write(t, layout{pageSize: 1024}))
	broken := 0
	for page := 2; page < len(good)/1024; page++ {
		b := slices.Clone(good)
		b[page*1024+9] ^= 0xff // flags
		f, err := Open(writeFile(t, b))
		if err != nil {
			continue
		}
		for kv, err := range f.Keys(t.Context(), 0, Range{}) {
			if err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("page %d: %v", page, err)
			}
			if err != nil {
				broken++
			} else if kv == nil || proto.Size(kv) == 0 {
				t.Errorf("page %d: an empty key", page)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if broken < 10 {
		t.Errorf("%d pages were found to be damaged", broken)
	}
}
