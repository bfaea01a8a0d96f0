package snapshot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// TestStatusOfRandomHistories compares with a count that keeps a set.
func TestStatusOfRandomHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			h := newHistory()
			h.random(r, r.IntN(400))
			if seed%3 == 0 { // as if the server was stopped in the middle of a compaction
				h.compact(h.rev, r.IntN(50))
			}
			path := h.write(t, layout{pageSize: 1024 << (seed % 4), freelist: seed%2 == 0, plain: seed%5 == 0})
			before := readFile(t, path)
			got, err := open(t, path).Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := reference(t, path); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if !slices.Equal(before, readFile(t, path)) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestCountWays holds the two ways of counting against each other.
func TestCountWays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		build func(*history)
		exact bool // a count without a set would be wrong
	}{
		{name: "empty", build: func(*history) {}},
		{name: "tombstone at the compaction", build: func(h *history) {
			h.put("v", "a", "b")
			h.del("a")
			h.compact(h.rev, 1<<30)
			h.put("v", "a")
		}},
		{name: "deleted and made again in a transaction's order", build: func(h *history) {
			h.put("v", "a")
			h.del("a")
			h.put("v", "a")
			h.put("w", "a")
		}},
		{name: "creation dropped by an unfinished compaction", exact: true, build: func(h *history) {
			h.put("v", "a")
			h.put("w", "a")
			h.put("x", "a", "b")
			h.del("b")
			h.compact(h.rev, 1)
		}},
		{name: "bumped revision", exact: true, build: func(h *history) {
			h.put("v", "a")
			h.rev += 1000
			h.records = append(h.records, change{rev: Revision{Main: h.rev}, kv: &mvccpb.KeyValue{}})
			h.scheduled = h.rev
		}},
		{name: "a damaged mark of the compaction", exact: true, build: func(h *history) {
			h.put("v", "a")
			h.put("w", "a")
			h.compact(2, 1<<30)
			h.put("x", "a", "b")
			h.finished ^= 1 << 40
		}},
		{name: "not a server's work", exact: true, build: func(h *history) {
			h.put("v", "a")
			h.records[0].kv.Version = 7
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHistory()
			tc.build(h)
			path := h.write(t, layout{})
			f := open(t, path)
			got, err := f.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := reference(t, path); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			unhashed := got
			unhashed.Hash = 0
			if checked, err := f.Check(t.Context(), 1); err != nil || checked != unhashed {
				t.Errorf("Check: %v, %+v\nwant %+v", err, checked, unhashed)
			}
			m, err := f.serverMeta(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p, err := f.scan(t.Context(), counter{compacted: m.finished}, scanOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if wrong := p.live != got.TotalKey; wrong != tc.exact {
				t.Errorf("without a set %d, with a set %d", p.live, got.TotalKey)
			}
		})
	}
}

func TestStatusOfNestedBuckets(t *testing.T) {
	t.Parallel()
	h := newHistory()
	h.put("v", "a")
	path := writeDB(t, layout{}, func(tx *bolt.Tx) error {
		for _, name := range []string{"key", "meta", "other"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		b := tx.Bucket([]byte("other"))
		for range 5 { // an inline one at the end, trees above it
			var err error
			if b, err = b.CreateBucket([]byte("deeper")); err != nil {
				return err
			}
			for i := range 200 {
				if err := b.Put(fmt.Appendf(nil, "k%04d", i), make([]byte, 100)); err != nil {
					return err
				}
			}
		}
		_, err := b.CreateBucket([]byte("last"))
		return err
	})
	got, err := open(t, path).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := reference(t, path); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestStatusErrors(t *testing.T) {
	t.Parallel()
	bucket := func(name string, kv ...string) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte(name))
			if err != nil {
				return err
			}
			for i := 0; i < len(kv); i += 2 {
				if err := b.Put([]byte(kv[i]), []byte(kv[i+1])); err != nil {
					return err
				}
			}
			return nil
		}
	}
	rev := string(Revision{Main: 2}.AppendKey(nil))
	for _, tc := range []struct {
		name string
		path func(*testing.T) string
		want string
	}{
		{"no etcd", func(t *testing.T) string { return writeDB(t, layout{}, bucket("mine", "k", "v")) },
			`corrupt snapshot: no bucket "meta": not a file of an etcd server`},
		{"short revision", func(t *testing.T) string { return writeDB(t, layout{}, bucket("meta"), bucket("key", "k", "v")) },
			`corrupt snapshot: bucket "key", key "k": cannot parse revision key: a revision of 1 bytes`},
		{"negative revision", func(t *testing.T) string {
			return writeDB(t, layout{}, bucket("meta"), bucket("key", string(Revision{Main: -1}.AppendKey(nil)), "v"))
		}, `corrupt snapshot: bucket "key", key "\xff\xff\xff\xff\xff\xff\xff\xff_\x00\x00\x00\x00\x00\x00\x00\x00": cannot parse revision key: a negative revision: -1, 0`},
		{"no message", func(t *testing.T) string { return writeDB(t, layout{}, bucket("meta"), bucket("key", rev, "\x0a\xff")) },
			`corrupt snapshot: bucket "key", key "\x00\x00\x00\x00\x00\x00\x00\x02_\x00\x00\x00\x00\x00\x00\x00\x00": cannot unmarshal value: unexpected EOF`},
		{"a bucket among the keys", func(t *testing.T) string {
			return writeDB(t, layout{}, bucket("meta"), bucket("key"), func(tx *bolt.Tx) error {
				_, err := tx.Bucket([]byte("key")).CreateBucket([]byte("alarm"))
				return err
			})
		}, `corrupt snapshot: page 3, bucket "key", key "alarm": a bucket where only records should be`},
		{"bad compaction", func(t *testing.T) string { return writeDB(t, layout{}, bucket("meta", keyFinishedCompact, "x")) },
			`corrupt snapshot: bucket "meta", key "finishedCompactRev": a revision of 1 bytes`},
		{"half a sha256", func(t *testing.T) string {
			b := readFile(t, newHistory().write(t, layout{pageSize: 4096}))
			return writeFile(t, b[:len(b)-16])
		}, `corrupt snapshot: 16 bytes follow the last whole page of 4096 bytes: neither a sha256 nor a page`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			st, err := open(t, tc.path(t)).Status(t.Context())
			if err == nil || err.Error() != tc.want || !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %+v, %v\nwant %s", st, err, tc.want)
			}
		})
	}
}

func TestWrongChecksum(t *testing.T) {
	t.Parallel()
	h := newHistory()
	h.put("the value", "a")
	b := readFile(t, h.write(t, layout{}))
	b[len(b)-1] ^= 1
	f := open(t, writeFile(t, b))
	var sumErr *ChecksumError
	if err := f.VerifyChecksum(t.Context()); !errors.As(err, &sumErr) || sumErr.Want != f.Checksum() || sumErr.Got == sumErr.Want {
		t.Errorf("VerifyChecksum: %v", err)
	}
	_, err := f.Status(t.Context())
	if !errors.Is(err, ErrChecksum) || !errors.Is(err, ErrCorrupt) {
		t.Errorf("Status: %v", err)
	}
	if want := fmt.Sprintf("expected sha256 %x, got %x", sumErr.Want, sumErr.Got); err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestNoChecksum(t *testing.T) {
	t.Parallel()
	f := open(t, newHistory().write(t, layout{plain: true}))
	if err := f.VerifyChecksum(t.Context()); !errors.Is(err, ErrNoChecksum) {
		t.Errorf("VerifyChecksum: %v", err)
	}
	if st, err := f.Status(t.Context()); err != nil || st.HasChecksum {
		t.Errorf("Status: %+v, %v", st, err)
	}
}

func TestStatusOfAFileInUse(t *testing.T) {
	t.Parallel()
	h := newHistory()
	h.put("v", "a")
	path := h.write(t, layout{plain: true})
	f := open(t, path)
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("k"), []byte("v")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Status(t.Context()); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Status(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("after truncation: %v", err)
	}
}

func TestStatusCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := open(t, newHistory().write(t, layout{})).Status(ctx); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}
