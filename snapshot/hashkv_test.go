package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
)

// hashKV says what a server gives for a revision, in the terms of
// server/storage/mvcc/hash.go. The server goes on with an unfinished
// compaction, so the history is that after it.
func (h *history) hashKV(t *testing.T, rev int64) string {
	t.Helper()
	done := *h
	done.records = slices.Clone(h.records)
	compacted := max(h.scheduled, h.finished)
	if h.scheduled > h.finished {
		done.compact(h.scheduled, 1<<30)
	}
	if compacted == 0 {
		compacted = -1
	}
	latest := max(1, h.scheduled, h.finished)
	if n := len(h.records); n > 0 {
		latest = max(latest, h.records[n-1].rev.Main)
	}
	switch {
	case rev > 0 && rev < compacted:
		return ErrCompacted.Error()
	case rev > latest:
		return ErrFutureRevision.Error()
	case rev == 0:
		rev = latest
	}
	keep := map[string]Revision{}
	for _, c := range done.records {
		if c.rev.Main <= rev {
			keep[string(c.kv.Key)] = c.rev
			if c.rev.Tombstone {
				delete(keep, string(c.kv.Key))
			}
		}
	}
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	sum.Write([]byte("key"))
	for _, c := range done.records {
		kept := c.rev.Main > compacted || len(keep) == 0 || keep[string(c.kv.Key)] == c.rev
		if c.rev.Main > rev || !kept || (c.rev.Main == compacted && c.rev.Tombstone) {
			continue
		}
		v, err := proto.Marshal(c.kv)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(c.rev.AppendKey(nil))
		sum.Write(v)
	}
	return fmt.Sprint(HashKV{Hash: sum.Sum32(), Revision: rev, CompactRevision: compacted})
}

func (h *history) compareHashes(t *testing.T, l layout, revs ...int64) {
	t.Helper()
	path := h.write(t, l)
	before := readFile(t, path)
	f := open(t, path)
	for _, rev := range revs {
		sum, err := f.HashKV(t.Context(), rev)
		got := fmt.Sprint(sum)
		if err != nil {
			got = err.Error()
		}
		if want := h.hashKV(t, rev); got != want {
			t.Errorf("revision %d: got %s, want %s", rev, got, want)
		}
	}
	if !bytes.Equal(before, readFile(t, path)) {
		t.Error("the file was changed")
	}
}

func TestHashKVOfRandomHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 4))
			h := newHistory()
			h.random(r, 20+r.IntN(400))
			if seed%3 == 0 {
				h.compact(h.rev-r.Int64N(h.rev-h.finished+1), r.IntN(50))
			}
			revs := []int64{0, -1, 1, h.finished - 1, h.finished, h.finished + 1, h.rev - 1, h.rev, h.rev + 1}
			for range 6 {
				revs = append(revs, 1+r.Int64N(h.rev))
			}
			h.compareHashes(t, layout{pageSize: 1024 << (seed % 3), plain: seed%5 == 0}, revs...)
		})
	}
}

func TestHashKVCases(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(*history){
		"empty":       func(*history) {},
		"all deleted": func(h *history) { h.put("v", "a", "b"); h.put("w", "a"); h.del("a", "b") },
		"all deleted after the compaction": func(h *history) {
			h.put("v", "a", "b")
			h.put("w", "a")
			h.compact(h.rev, 1<<30)
			h.del("a", "b")
		},
		"all deleted after an unfinished compaction": func(h *history) {
			h.put("v", "a", "b")
			h.put("w", "a")
			at := h.rev
			h.del("a", "b")
			h.compact(at, 0)
		},
		"all deleted and compacted": func(h *history) { h.put("v", "a", "b"); h.del("a", "b"); h.compact(h.rev, 1<<30) },
		"not a server's work": func(h *history) {
			h.put("v", "a")
			h.compact(h.rev, 1<<30)
			h.put("w", "a")
			h.records[1].kv.CreateRevision = 3
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHistory()
			build(h)
			h.compareHashes(t, layout{}, 0, h.rev, h.rev-1)
		})
	}
}

func TestHashKVErrors(t *testing.T) {
	t.Parallel()
	whole := specimen(t, false)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	f, err := newFile(inMemory(whole), "memory")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.HashKV(ctx, 0); !errors.Is(err, why) {
		t.Errorf("canceled: %v", err)
	}
	branch := kinds(whole)["branch"]
	leaf := child(whole, branch[len(branch)-1], 0)
	broken := slices.Clone(whole)
	broken[leaf*1024+8] = 0x40
	f, err = newFile(inMemory(broken), "memory")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`page %d, bucket "key": flags 0x40`, leaf)
	if _, err := f.HashKV(t.Context(), 0); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) {
		t.Errorf("damaged: %v", err)
	}
}
