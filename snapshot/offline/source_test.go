package offline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/keyspace"
	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/dbtest"
	"etcdkit/snapshot/internal/waltest"
)

// databaseOf writes a database: a line for each revision from 2 on, which puts
// "key value" or deletes "key". It is compacted at a revision.
func databaseOf(t *testing.T, compacted int64, lines ...string) string {
	t.Helper()
	b := dbtest.Bytes(t, dbtest.Layout{}, func(tx *bbolt.Tx) error { return fill(tx, compacted, lines) })
	path := filepath.Join(t.TempDir(), "db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fill(tx *bbolt.Tx, compacted int64, lines []string) error {
	meta, err := tx.CreateBucket([]byte("meta"))
	if err != nil {
		return err
	}
	if err := meta.Put([]byte("term"), binary.BigEndian.AppendUint64(nil, 3)); err != nil {
		return err
	}
	if compacted > 0 {
		rev := snapshot.Revision{Main: compacted}.AppendKey(nil)
		if err := meta.Put([]byte("finishedCompactRev"), rev); err != nil {
			return err
		}
	}
	keys, err := tx.CreateBucket([]byte("key"))
	for i, line := range lines {
		if err != nil {
			return err
		}
		rev := int64(i + 2)
		key, value, put := strings.Cut(line, " ")
		kv := &mvccpb.KeyValue{Key: []byte(key)}
		if put {
			kv = &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), CreateRevision: rev, ModRevision: rev, Version: 1}
		}
		b, marshalErr := proto.Marshal(kv)
		if marshalErr != nil {
			return marshalErr
		}
		err = keys.Put(snapshot.Revision{Main: rev, Tombstone: !put}.AppendKey(nil), b)
	}
	return err
}

func openDatabase(t *testing.T, path string) *Cluster {
	t.Helper()
	c, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// read returns what a range yields, an error at its end.
func read(t *testing.T, c *Cluster, r keyspace.Range) string {
	t.Helper()
	var out strings.Builder
	for page, err := range c.Pages(t.Context(), r) {
		if err != nil {
			out.WriteString("error: " + err.Error())
			continue
		}
		for _, kv := range page.KVs {
			fmt.Fprintf(&out, "%s=%s ", kv.GetKey(), kv.GetValue())
		}
		fmt.Fprintf(&out, "count %d revision %d term %d", page.Count, page.Head.Revision, page.Head.RaftTerm)
	}
	return out.String()
}

func TestPages(t *testing.T) {
	t.Parallel()
	c := openDatabase(t, databaseOf(t, 4, "b 1", "a 2", "b 3", "c 4", "a", "d 5"))
	for _, tt := range []struct {
		name string
		r    keyspace.Range
		want string
	}{
		{"everything", keyspace.Prefix(""), "b=3 c=4 d=5 count 3 revision 7 term 3"},
		{"a single key", keyspace.Range{Key: "b"}, "b=3 count 1 revision 7 term 3"},
		{"a key that was deleted", keyspace.Range{Key: "a"}, "count 0 revision 7 term 3"},
		{"at a revision", keyspace.Range{Key: "a", End: "c", Rev: 5}, "a=2 b=3 count 2 revision 7 term 3"},
		{"a single key at a revision", keyspace.Range{Key: "a", Rev: 5}, "a=2 count 1 revision 7 term 3"},
		{"an end before the key", keyspace.Range{Key: "c", End: "a"}, "count 0 revision 7 term 3"},
		{"from a key on", keyspace.Range{Key: "c", End: "\x00", KeysOnly: true}, "c= d= count 2 revision 7 term 3"},
		{"by value", keyspace.Range{Key: "a", End: "z", KeysOnly: true, Limit: 1, Sort: keyspace.Sort{By: keyspace.ByValue, Order: keyspace.Descending}}, "d= count 3 revision 7 term 3"},
		{"a count", keyspace.Range{Key: "a", End: "z", CountOnly: true}, "count 3 revision 7 term 3"},
		{"compacted", keyspace.Range{Key: "a", End: "z", Rev: 3}, "error: etcdserver: mvcc: required revision has been compacted: revisions 4 to 7 can be read here"},
		{"in the future", keyspace.Range{Key: "a", Rev: 8}, "error: etcdserver: mvcc: required revision is a future revision: revisions 4 to 7 can be read here"},
	} {
		if got := read(t, c, tt.r); got != tt.want {
			t.Errorf("%s: got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	c := openDatabase(t, databaseOf(t, 0, "b 1", "a 2", "b 3", "a"))
	var got []string
	for e, err := range c.Events(t.Context(), 3, 0, keyspace.Prefix("")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%v %s %d", e.GetType(), e.GetKv().GetKey(), e.GetKv().GetModRevision()))
	}
	if want := "PUT a 3,PUT b 4,DELETE a 5"; strings.Join(got, ",") != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOpenDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(t.Context(), dir, Options{}); err == nil || err.Error() != dir+" is a directory without member/snap/db: give a data directory or a file" {
		t.Errorf("an empty directory: %v", err)
	}
	db := snapshot.DataDirFile(dir)
	if err := os.MkdirAll(filepath.Dir(db), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(databaseOf(t, 0, "a 1"), db); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--wal-dir") {
		t.Errorf("without a WAL: %v", err)
	}
	waltest.NewSegment(0).State(5, 7, 0).Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
	c := openDatabase(t, dir)
	if got, want := read(t, c, keyspace.Range{Key: "a"}), "a=1 count 1 revision 2 term 5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if h, err := c.Head(t.Context()); h.MemberID != 7 || h.ClusterID != 9 || err != nil {
		t.Errorf("got %+v, %v", h, err)
	}
}
