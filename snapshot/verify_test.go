package snapshot

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/authpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// verified verifies a file in memory.
func verified(t testing.TB, b []byte) Report {
	t.Helper()
	f, err := newFile(inMemory(b), "memory")
	r, err := VerifyOpened(t.Context(), f, err)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifyRandomHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 2))
			h := newHistory()
			h.random(r, r.IntN(400))
			if seed%3 == 0 {
				h.compact(h.rev, r.IntN(50))
			}
			path := h.write(t, layout{pageSize: 1024 << (seed % 4), freelist: seed%2 == 0})
			before := readFile(t, path)
			got, err := Verify(t.Context(), path)
			want := Report{Records: len(h.records), Members: 1}
			if n := len(h.records); n > 0 {
				want.Revision = h.records[n-1].rev.Main
			}
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
			}
			if !slices.Equal(before, readFile(t, path)) {
				t.Error("the file was changed")
			}
		})
	}
}

// change1 writes a change of a key.
func change1(rev Revision, kv *mvccpb.KeyValue) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		v, err := proto.Marshal(kv)
		if err != nil {
			return err
		}
		return tx.Bucket([]byte("key")).Put(rev.AppendKey(nil), v)
	}
}

func put1(bucket, key, value string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error { return tx.Bucket([]byte(bucket)).Put([]byte(key), []byte(value)) }
}

func marshal(t *testing.T, m proto.Message) string {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestVerifyContent breaks what is in the records, in pages that are whole.
func TestVerifyContent(t *testing.T) {
	t.Parallel()
	const (
		rev2  = `"\x00\x00\x00\x00\x00\x00\x00\x02_\x00\x00\x00\x00\x00\x00\x00\x00"`
		lease = "\x00\x00\x00\x00\x00\x00\x00\x07"
	)
	kv := func(rev, lease int64) *mvccpb.KeyValue {
		return &mvccpb.KeyValue{Key: []byte("k"), CreateRevision: 2, ModRevision: rev, Version: rev - 1, Lease: lease}
	}
	type fills = []func(*bolt.Tx) error
	for _, tc := range []struct {
		name string
		fill fills
		kind FaultKind
		want string // nothing where the file is whole
	}{
		{name: "everything in order", fill: fills{
			change1(Revision{Main: 2}, kv(2, 7)), put1("lease", lease, "\x08\x07\x10\x3c"),
			put1("meta", "finishedCompactRev", string(Revision{Main: 2}.AppendKey(nil))),
			put1("meta", "scheduledCompactRev", string(Revision{Main: 2}.AppendKey(nil))),
			put1("meta", "consistent_index", lease), put1("meta", "term", lease), put1("meta", "confState", `{"voters":[1],"auto_leave":false}`),
			put1("auth", "authEnabled", "\x01"), put1("auth", "authRevision", lease),
			put1("authRoles", "r", marshal(t, &authpb.Role{Name: []byte("r")})),
			put1("authUsers", "u", marshal(t, &authpb.User{Name: []byte("u"), Roles: []string{"r", "root"}})),
			put1("cluster", "clusterVersion", "3.7.0"), put1("cluster", "downgrade", "{}"),
			put1("members_removed", "ab", "removed"), put1("alarm", "\x08\x01\x10\x01", ""),
		}},
		{name: "bumped revision", fill: fills{func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("key")).Put(Revision{Main: 1002}.AppendKey(nil), []byte{})
		}}},
		{name: "lease gone, key changed later", fill: fills{change1(Revision{Main: 2}, kv(2, 9)), change1(Revision{Main: 3}, kv(3, 0))}},
		{name: "lease gone, key deleted", fill: fills{
			change1(Revision{Main: 2}, kv(2, 9)), change1(Revision{Main: 3, Tombstone: true}, &mvccpb.KeyValue{Key: []byte("k")}),
		}},
		{"lease gone", fills{change1(Revision{Main: 2}, kv(2, 9))}, FaultLease,
			`page 17, bucket "key", key ` + rev2 + `: the key has the lease 9, which does not exist`},
		{"same revision twice", fills{change1(Revision{Main: 2}, kv(2, 0)), change1(Revision{Main: 2, Tombstone: true}, kv(2, 0))}, FaultRevision,
			`page 17, bucket "key", key "\x00\x00\x00\x00\x00\x00\x00\x02_\x00\x00\x00\x00\x00\x00\x00\x00t": the revision 2, 0 is not above the one before it`},
		{"no message", fills{put1("key", string(Revision{Main: 2}.AppendKey(nil)), "\x0a\xff")}, FaultRecord,
			`page 17, bucket "key", key ` + rev2 + `: cannot unmarshal value: unexpected EOF`},
		{"no revision", fills{put1("key", "k", "")}, FaultRecord, `page 17, bucket "key", key "k": cannot parse revision key: a revision of 1 bytes`},
		{"other revision", fills{change1(Revision{Main: 2}, kv(3, 0))}, FaultRecord,
			`page 17, bucket "key", key ` + rev2 + `: the change of "k" says that it is of revision 3`},
		{"version 0", fills{change1(Revision{Main: 2}, &mvccpb.KeyValue{Key: []byte("k"), ModRevision: 2, CreateRevision: 2})}, FaultRecord,
			`page 17, bucket "key", key ` + rev2 + `: the change of "k" has create revision 2 and version 0`},
		{"lease id", fills{put1("lease", lease, "\x08\x06")}, FaultLease, `page 17, bucket "lease", key "\x00\x00\x00\x00\x00\x00\x00\a": the lease says that its id is 6`},
		{"lease key", fills{put1("lease", "7", "\x08\x07")}, FaultLease, `page 17, bucket "lease", key "7": a lease id of 1 bytes`},
		{"lease message", fills{put1("lease", lease, "\x08")}, FaultLease, `page 17, bucket "lease", key "\x00\x00\x00\x00\x00\x00\x00\a": cannot unmarshal: unexpected EOF`},
		{"auth switch", fills{put1("auth", "authEnabled", "yes")}, FaultAuth, `page 17, bucket "auth", key "authEnabled": neither on nor off: "yes"`},
		{"auth revision", fills{put1("auth", "authRevision", "1")}, FaultAuth, `page 17, bucket "auth", key "authRevision": a number of 1 bytes`},
		{"role name", fills{put1("authRoles", "r", "")}, FaultAuth, `page 17, bucket "authRoles", key "r": the role says that its name is ""`},
		{"user name", fills{put1("authUsers", "u", "")}, FaultAuth, `page 17, bucket "authUsers", key "u": the user says that the name is ""`},
		{"user's role", fills{put1("authUsers", "u", marshal(t, &authpb.User{Name: []byte("u"), Roles: []string{"x"}}))}, FaultAuth,
			`page 17, bucket "authUsers", key "u": the user has the role "x", which does not exist`},
		{"cluster version", fills{put1("cluster", "clusterVersion", "three")}, FaultMembership, `page 17, bucket "cluster", key "clusterVersion": no version: three is not in dotted-tri format`},
		{"downgrade", fills{put1("cluster", "downgrade", "{")}, FaultMembership, `page 17, bucket "cluster", key "downgrade": not JSON`},
		{"member id", fills{put1("members", "1", `{"id":2}`)}, FaultMembership, `page 17, bucket "members", key "1": the member says that its id is 2`},
		{"member key", fills{put1("members", "m1", `{}`)}, FaultMembership, `page 17, bucket "members", key "m1": no member id`},
		{"member JSON", fills{put1("members", "1", `{`)}, FaultMembership, `page 17, bucket "members", key "1": cannot unmarshal: unexpected end of JSON input`},
		{"removed member", fills{put1("members_removed", "x", "removed")}, FaultMembership, `page 17, bucket "members_removed", key "x": no member id`},
		{"compaction", fills{put1("meta", "finishedCompactRev", "x")}, FaultMeta, `page 17, bucket "meta", key "finishedCompactRev": a revision of 1 bytes`},
		{"compactions", fills{
			put1("meta", "finishedCompactRev", string(Revision{Main: 9}.AppendKey(nil))), put1("meta", "scheduledCompactRev", string(Revision{Main: 8}.AppendKey(nil))),
		}, FaultMeta, `page 17, bucket "meta", key "scheduledCompactRev": a compaction is scheduled at revision 8, but one at 9 has finished`},
		{"index", fills{put1("meta", "consistent_index", "\xff\xff\xff\xff\xff\xff\xff\xff")}, FaultMeta,
			`page 17, bucket "meta", key "consistent_index": 18446744073709551615 is more than there can have been`},
		{"conf state", fills{put1("meta", "confState", "x")}, FaultMeta, `page 17, bucket "meta", key "confState": cannot unmarshal: invalid character 'x' looking for beginning of value`},
		{"storage version", fills{put1("meta", "storageVersion", "")}, FaultMeta, `page 17, bucket "meta", key "storageVersion": no version:  is not in dotted-tri format`},
		{"alarm", fills{put1("alarm", "\x08", "")}, FaultMeta, `page 17, bucket "alarm", key "\b": cannot unmarshal: unexpected EOF`},
		{"no buckets", fills{func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("meta")) }}, FaultBucket,
			`bucket "meta": there is no such bucket: not a file of an etcd server`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := writeDB(t, layout{pageSize: 4096}, append(fills{func(tx *bolt.Tx) error {
				for _, name := range expectedBuckets() {
					if _, err := tx.CreateBucket([]byte(name)); err != nil {
						return err
					}
				}
				return nil
			}}, tc.fill...)...)
			r, err := Verify(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if len(r.Faults)+len(r.Unchecked) > 0 {
					t.Errorf("got %+v", r)
				}
				return
			}
			if len(r.Faults) != 1 || r.Faults[0].Kind != tc.kind || r.Faults[0].Count != 1 {
				t.Fatalf("got %+v", r)
			}
			if got := withoutPage(r.Faults[0].First.Where()); got != withoutPage(tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// withoutPage cuts off the page, as small buckets are not on one of their own.
func withoutPage(where string) string {
	if rest, ok := strings.CutPrefix(where, "page "); ok {
		_, rest, _ = strings.Cut(rest, ", ")
		return rest
	}
	return where
}

// TestVerifyGoesOn finds faults of several kinds, with their places, in one
// run.
func TestVerifyGoesOn(t *testing.T) {
	t.Parallel()
	plain := specimen(t, false)
	leaves := kinds(plain)["branch"]
	branch := leaves[len(leaves)-1]
	second, fourth := child(plain, branch, 1), child(plain, branch, 3)
	b := withSum(plain)
	b[second*1024+8] = 0x40                             // no page of a tree
	b[fourth*1024] ^= 1                                 // a wrong id
	b[len(b)-1] ^= 1                                    // and all of it in the sha256
	copy(b[(1-metaInForce(b))*1024:], make([]byte, 24)) // the other meta page
	want := []string{
		fmt.Sprintf(`page: 2 page %d, bucket "key": flags 0x40 where a branch or a leaf should be`, second),
		"checksum: 1 the file ends with the sha256",
		fmt.Sprintf("file: 1 page %d: the page says that it is page 0 with flags 0x0, not a meta page", 1-metaInForce(b)),
	}
	r := verified(t, b)
	for i, f := range r.Faults {
		if got := fmt.Sprintf("%s: %d %s", f.Kind, f.Count, f.First.Where()); i >= len(want) || !strings.HasPrefix(got, want[i]) {
			t.Errorf("got %s", got)
		}
	}
	if len(r.Faults) != len(want) || !slices.Equal(r.Unchecked, []string{"what the damaged pages lead to"}) {
		t.Errorf("got %+v", r)
	}
}

// metaInForce is the page of the newer meta page.
func metaInForce(b []byte) int {
	return int(binary.NativeEndian.Uint64(b[pageHeaderSize+48:]) % 2) // that of the transaction
}

func TestVerifyUnchecked(t *testing.T) {
	t.Parallel()
	path := writeDB(t, layout{plain: true}, func(tx *bolt.Tx) error {
		for _, name := range []string{"key", "meta"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	r, err := Verify(t.Context(), path)
	want := []string{
		"sha256 (the file has none)", "alarm (the file has no such bucket)", "auth (the file has no such bucket)",
		"authRoles (the file has no such bucket)", "authUsers (the file has no such bucket)", "cluster (the file has no such bucket)",
		"lease (the file has no such bucket)", "members (the file has no such bucket)", "members_removed (the file has no such bucket)",
	}
	if err != nil || len(r.Faults) > 0 || !slices.Equal(r.Unchecked, want) {
		t.Errorf("got %+v, %v", r, err)
	}
	if r := verified(t, []byte("hello")); len(r.Faults) != 1 || r.Faults[0].Kind != FaultFile || !slices.Equal(r.Unchecked, []string{"everything else"}) {
		t.Errorf("got %+v", r)
	}
	if _, err := Verify(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error without a file")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := Verify(ctx, path); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// TestOpenLocked refuses a database that is open.
func TestOpenLocked(t *testing.T) {
	t.Parallel()
	path := newHistory().write(t, layout{plain: true})
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "open snapshot " + path + ": timeout: another process has locked " + path + ": is an etcd server running on it?"
	if _, err := OpenLocked(t.Context(), path, 1); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, path)
	if r, err := VerifyLocked(t.Context(), path, 1); err != nil || len(r.Faults) > 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	if !bytes.Equal(before, readFile(t, path)) {
		t.Error("the file was changed")
	}
}
