package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot/internal/dbtest"
)

// history is a store that behaves as etcd's does, on paper: it keeps the
// records that the server would have in its key bucket.
type history struct {
	rev                 int64
	records             []change
	scheduled, finished int64
}

type change struct {
	rev Revision
	kv  *mvccpb.KeyValue
}

func newHistory() *history { return &history{rev: 1} }

// latest returns the last change of a key; nil if there is none.
func (h *history) latest(key string) *change {
	for i := len(h.records) - 1; i >= 0; i-- {
		if string(h.records[i].kv.Key) == key {
			return &h.records[i]
		}
	}
	return nil
}

// put writes the keys in one transaction.
func (h *history) put(value string, keys ...string) {
	h.rev++
	for sub, k := range keys {
		kv := &mvccpb.KeyValue{Key: []byte(k), Value: []byte(value), CreateRevision: h.rev, ModRevision: h.rev, Version: 1}
		if old := h.latest(k); old != nil && !old.rev.Tombstone {
			kv.CreateRevision, kv.Version = old.kv.CreateRevision, old.kv.Version+1
		}
		h.records = append(h.records, change{rev: Revision{Main: h.rev, Sub: int64(sub)}, kv: kv})
	}
}

// del deletes those of the keys that exist, in one transaction.
func (h *history) del(keys ...string) {
	var gone []change
	for _, k := range keys {
		if old := h.latest(k); old != nil && !old.rev.Tombstone {
			gone = append(gone, change{
				rev: Revision{Main: h.rev + 1, Sub: int64(len(gone)), Tombstone: true},
				kv:  &mvccpb.KeyValue{Key: []byte(k)},
			})
		}
	}
	if len(gone) > 0 {
		h.rev++
		h.records = append(h.records, gone...)
	}
}

// compact drops what a compaction at revision at drops, but stops after the
// given number of records; it has finished if that was enough.
func (h *history) compact(at int64, most int) {
	last := map[string]Revision{}
	for _, c := range h.records {
		if c.rev.Main <= at {
			last[string(c.kv.Key)] = c.rev
		}
	}
	h.scheduled = at
	unfinished := false
	h.records = slices.DeleteFunc(h.records, func(c change) bool {
		// A tombstone at the very revision stays, as in 3.5 and later.
		keep := c.rev.Main > at || (last[string(c.kv.Key)] == c.rev && (!c.rev.Tombstone || c.rev.Main == at))
		if keep {
			return false
		}
		unfinished = unfinished || most == 0
		most = max(most-1, 0)
		return !unfinished
	})
	if !unfinished {
		h.finished = at
	}
}

// random applies n random operations.
func (h *history) random(r *rand.Rand, n int) {
	key := func() string { return fmt.Sprintf("key/%03d", r.IntN(60)) }
	for range n {
		switch x := r.IntN(100); {
		case x < 60:
			h.put(string(bytes.Repeat([]byte{'v'}, r.IntN(200))), key())
		case x < 80:
			h.del(key(), "key/000")
		case x < 97:
			h.put("txn", slices.Compact(slices.Sorted(slices.Values([]string{key(), key(), key()})))...)
		default:
			h.compact(h.finished+r.Int64N(h.rev-h.finished+1), 1<<30)
		}
	}
}

// layout says how a test file is written.
type layout struct {
	pageSize int
	freelist bool // write one
	plain    bool // no sha256 at the end
}

// write makes a backend file of the history, as a server's snapshot has it.
func (h *history) write(t testing.TB, l layout) string {
	t.Helper()
	return writeDB(t, l, func(tx *bolt.Tx) error {
		for _, name := range []string{"alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed", "meta"} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		for i := range h.records {
			v, err := proto.Marshal(h.records[i].kv)
			if err != nil {
				return err
			}
			if err := tx.Bucket([]byte("key")).Put(h.records[i].rev.AppendKey(nil), v); err != nil {
				return err
			}
		}
		meta := tx.Bucket([]byte("meta"))
		for name, rev := range map[string]int64{keyScheduledCompact: h.scheduled, keyFinishedCompact: h.finished} {
			if rev > 0 {
				if err := meta.Put([]byte(name), Revision{Main: rev}.AppendKey(nil)); err != nil {
					return err
				}
			}
		}
		if err := meta.Put([]byte(keyStorageVersion), []byte("3.7.0")); err != nil {
			return err
		}
		return tx.Bucket([]byte("members")).Put([]byte("8e9e05c52164694d"), []byte(`{"id":10276657743932975437}`))
	})
}

// writeDB makes a file with bbolt and appends the sha256.
func writeDB(t testing.TB, l layout, fill ...func(*bolt.Tx) error) string {
	t.Helper()
	b := dbtest.Bytes(t, dbtest.Layout{PageSize: l.pageSize, Freelist: l.freelist}, fill...)
	if !l.plain {
		b = withSum(b)
	}
	return writeFile(t, b)
}

// withSum appends the sha256 of b.
func withSum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(slices.Clip(b), sum[:]...)
}

func writeFile(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snapshot.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// reference counts and hashes with bbolt and a set of all keys, one record
// after the other.
func reference(t testing.TB, path string) Status {
	t.Helper()
	db, err := bolt.Open(path, 0o400, &bolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var st Status
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	live := map[string]bool{}
	err = db.View(func(tx *bolt.Tx) error {
		st.TotalSize = tx.Size()
		st.UsedSize = tx.Size() - int64(db.Stats().FreePageN*db.Info().PageSize)
		st.Version = string(tx.Bucket([]byte("meta")).Get([]byte("storageVersion")))
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			h.Write(name)
			return b.ForEach(func(k, v []byte) error {
				h.Write(k)
				h.Write(v)
				st.TotalRecords++
				if string(name) != "key" {
					return nil
				}
				st.TotalRevisions++
				st.Revision = int64(binary.BigEndian.Uint64(k))
				var kv mvccpb.KeyValue
				if err := proto.Unmarshal(v, &kv); err != nil {
					return err
				}
				delete(live, string(kv.Key))
				if len(k) == 17 {
					live[string(kv.Key)] = true
				}
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	st.Hash, st.TotalKey, st.HasChecksum = h.Sum32(), len(live), hasChecksum(int64(len(readFile(t, path))))
	return st
}
