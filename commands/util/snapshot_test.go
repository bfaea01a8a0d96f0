package util

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/commands/cli"
	"etcdkit/snapshot"
)

// snapshotBytes is a snapshot of two live keys at revision 4.
func snapshotBytes(t *testing.T) []byte {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, &bolt.Options{NoFreelistSync: true, PageSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range []string{"cluster", "key", "lease", "members", "members_removed", "meta"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		for rev, r := range map[int64]struct {
			key             string
			create, version uint64
		}{2: {"a", 2, 1}, 3: {"b", 3, 1}, 4: {"a", 2, 2}} {
			v := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte(r.key))
			for i, n := range []uint64{r.create, uint64(rev), r.version} {
				v = protowire.AppendVarint(protowire.AppendTag(v, protowire.Number(i+2), protowire.VarintType), n)
			}
			if err := tx.Bucket([]byte("key")).Put(snapshot.Revision{Main: rev}.AppendKey(nil), v); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte("meta")).Put([]byte("storageVersion"), []byte("3.7.0"))
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := db.View(func(tx *bolt.Tx) error { _, err := tx.WriteTo(&b); return err }); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return append(b.Bytes(), sum[:]...)
}

// files makes the files that the tests name: s.db is whole, and each other one
// lacks something.
func files(t *testing.T) (dir string, all map[string][]byte) {
	t.Helper()
	dir = t.TempDir()
	whole := snapshotBytes(t)
	flipped := slices.Clone(whole)
	flipped[len(whole)-40] ^= 1
	all = map[string][]byte{
		"s.db": whole, "plain.db": whole[:len(whole)-32], "flipped.db": flipped, "cut.db": whole[:len(whole)/2],
		"empty.db": {}, "text.db": []byte("hello\n"),
	}
	for name, b := range all {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o400); err != nil {
			t.Fatal(err)
		}
	}
	return dir, all
}

// result is the complete outcome of a run.
type result struct {
	code           cli.Code
	stdout, stderr string
}

// run runs etcdutl; DIR in arguments is replaced by the directory, and vice
// versa in the output.
func run(t *testing.T, ctx context.Context, dir string, args ...string) result { //nolint:revive // t comes first in test helpers
	t.Helper()
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	var stdout, stderr bytes.Buffer
	code := Main(ctx, cli.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr}, args)
	return result{code, strings.ReplaceAll(stdout.String(), dir, "DIR"), strings.ReplaceAll(stderr.String(), dir, "DIR")}
}

const (
	wantSimple  = "4f2c34ae, 4, 2, 20 kB, 3.7.0\n"
	wantPages   = "corrupt snapshot: page 0: 5 pages of 4096 bytes are in use, but the file has 10256 bytes\n"
	wantRestore = "Restored DIR/s.db to DIR/d: revision 4, 2 keys, member 8e9e05c52164694d of cluster cdf818194e3a8c32\n" +
		"Start it with: etcd --name default --data-dir DIR/d%s --initial-cluster default=http://localhost:2380 --initial-cluster-token etcd-cluster --initial-advertise-peer-urls http://localhost:2380\n"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	dir, before := files(t)
	for _, tc := range []struct {
		args string
		want result
	}{
		{"snapshot status DIR/s.db", result{0, wantSimple, ""}},
		{"-w json snapshot status DIR/s.db", result{0, "{\"hash\":1328297134,\"revision\":4,\"totalKey\":2,\"totalSize\":20480,\"version\":\"3.7.0\"}\n", ""}},
		{"snapshot status DIR/s.db --write-out=fields", result{0, "\"Hash\" : 1328297134\n\"Revision\" : 4\n\"Keys\" : 2\n\"Size\" : 20480\n\"Version\" : 3.7.0\n", ""}},
		{"snapshot status DIR/s.db --timeout 1s", result{0, wantSimple, ""}},
		{"snapshot status DIR/plain.db", result{0, wantSimple,
			"Warning: DIR/plain.db ends without a checksum, so it is not known to be as it was saved\n"}},
		{"snapshot status DIR/empty.db", result{1, "", "Error: open snapshot DIR/empty.db: corrupt snapshot: not a bbolt file: no valid meta page in 0 bytes\n"}},
		{"snapshot status DIR/text.db", result{1, "", "Error: open snapshot DIR/text.db: corrupt snapshot: not a bbolt file: no valid meta page in 6 bytes\n"}},
		{"snapshot status DIR/cut.db", result{1, "", "Error: open snapshot DIR/cut.db: " + wantPages}},
		{"snapshot status DIR/none.db", result{1, "", "Error: stat DIR/none.db: no such file or directory\n"}},
		{"snapshot status DIR/none.db -w xml", result{1, "", "Error: stat DIR/none.db: no such file or directory\n"}},
		{"snapshot status DIR/s.db -w xml", result{cli.BadFeature, "", "Error: unsupported output format: \"xml\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"}},
		{"snapshot status", result{cli.BadArgs, "", "Error: snapshot status requires exactly one argument\n"}},
		{"snapshot status a b -w xml", result{cli.BadArgs, "", "Error: snapshot status requires exactly one argument\n"}},
		{"snapshot status --nope", result{1, "", "Error: unknown flag: --nope\nRun 'etcdutl snapshot status --help' for usage.\n"}},
	} {
		t.Run(tc.args, func(t *testing.T) {
			t.Parallel()
			if got := run(t, t.Context(), dir, strings.Fields(tc.args)...); got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
	t.Run("flipped bit", func(t *testing.T) {
		t.Parallel()
		got := run(t, t.Context(), dir, "snapshot", "status", "DIR/flipped.db")
		want, is := sha256.Sum256(before["plain.db"]), sha256.Sum256(before["flipped.db"][:len(before["plain.db"])])
		if text := fmt.Sprintf("Error: expected sha256 %x, got %x", want, is); got.code != 1 || got.stdout != "" || !strings.HasPrefix(got.stderr, text) {
			t.Errorf("got  %+v\nwant %s", got, text)
		}
	})
	t.Cleanup(func() { unchanged(t, dir, before) })
}

// unchanged checks that the directory has the same contents as before, and
// nothing else.
func unchanged(t *testing.T, dir string, before map[string][]byte) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if want, ok := before[e.Name()]; err != nil || !ok || !bytes.Equal(b, want) {
			t.Errorf("%s is new or changed (%v)", e.Name(), err)
		}
	}
}

// wantAdded is upstream's line about the only member.
const wantAdded = "added member\t{\"cluster-id\": \"cdf818194e3a8c32\", \"local-member-id\": \"0\", \"added-peer-id\": \"8e9e05c52164694d\", " +
	"\"added-peer-peer-urls\": [\"http://localhost:2380\"], \"added-peer-is-learner\": false}\n"

func TestRestore(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args string
		wal  string // flag to start with
	}{
		{args: "snapshot restore DIR/s.db --data-dir DIR/d"},
		{args: "snap rest DIR/s.db --data-dir=DIR/d --name default --initial-memory-map-size 0"},
		{args: "snapshot restore DIR/s.db --data-dir DIR/d --wal-dir DIR/w", wal: " --wal-dir DIR/w"},
		{args: "snapshot restore DIR/s.db --data-dir DIR/d --skip-hash-check -w json"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			t.Parallel()
			dir, _ := files(t)
			got := run(t, t.Context(), dir, strings.Fields(tc.args)...)
			if want := (result{0, "", wantAdded + fmt.Sprintf(wantRestore, tc.wal)}); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			wal := filepath.Join(dir, "d", "member", "wal")
			if tc.wal != "" {
				wal = filepath.Join(dir, "w")
			}
			for _, path := range []string{filepath.Join(dir, "d", "member", "snap", "db"), filepath.Join(wal, "0000000000000000-0000000000000000.wal")} {
				if _, err := os.Stat(path); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestRestoreFails checks that a failure leaves every directory unchanged.
func TestRestoreFails(t *testing.T) {
	t.Parallel()
	const missing = "Error: snapshot missing hash but --skip-hash-check=false; a copy of a data directory's db has none and needs --skip-hash-check\n"
	for _, tc := range []struct {
		args string
		code cli.Code
		want string
	}{
		{"", cli.BadArgs, "Error: snapshot restore requires exactly one argument\n"},
		{"DIR/s.db DIR/x", cli.BadArgs, "Error: snapshot restore requires exactly one argument: the directory to make is a flag: --data-dir DIR/x\n"},
		{"DIR/s.db DIR/s.db x", cli.BadArgs, "Error: snapshot restore requires exactly one argument\n"},
		{"DIR/s.db --bump-revision 5", cli.BadArgs, "Error: --mark-compacted required if --bump-revision > 0\n"},
		{"DIR/s.db --mark-compacted", cli.BadArgs, "Error: --mark-compacted required if --bump-revision > 0\n"},
		{"DIR/s.db --bump-revision -1", 1, "Error: invalid argument \"-1\" for \"--bump-revision\" flag: use a whole number that is not negative, such as 10\nRun 'etcdutl snapshot restore --help' for usage.\n"},
		{"DIR/none.db", 1, "Error: open DIR/none.db: no such file or directory\n"},
		{"DIR/plain.db", 1, missing},
		{"DIR/cut.db --skip-hash-check", 1, "Error: open snapshot DIR/cut.db: " + wantPages},
		{"DIR/empty.db", 1, "Error: open snapshot DIR/empty.db: corrupt snapshot: not a bbolt file: no valid meta page in 0 bytes\n"},
		{"DIR/text.db --skip-hash-check", 1, "Error: open snapshot DIR/text.db: corrupt snapshot: not a bbolt file: no valid meta page in 6 bytes\n"},
		{"DIR/s.db --name m1", 1, "Error: couldn't find local name \"m1\" in the initial cluster configuration\n"},
		{"DIR/s.db --initial-cluster default=localhost:1", 1, "Error: URL scheme must be http, https, unix, or unixs: localhost:1\n"},
		{"DIR/s.db --wal-dir DIR/text.db", 1, "Error: wal-dir \"DIR/text.db\" exists\n"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			t.Parallel()
			dir, before := files(t)
			args := append([]string{"snapshot", "restore", "--data-dir", "DIR/d"}, strings.Fields(tc.args)...)
			if got, want := run(t, t.Context(), dir, args...), (result{tc.code, "", tc.want}); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			unchanged(t, dir, before)
		})
	}
	t.Run("not empty", func(t *testing.T) {
		t.Parallel()
		dir, before := files(t)
		want := result{1, "", "Error: data-dir \"DIR\" not empty or could not be read\n"}
		if got := run(t, t.Context(), dir, "snapshot", "restore", "DIR/s.db", "--data-dir", "DIR"); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		unchanged(t, dir, before)
	})
	t.Run("canceled", func(t *testing.T) {
		t.Parallel()
		dir, before := files(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		want := result{1, "", "Error: context canceled\n"}
		if got := run(t, ctx, dir, "snapshot", "restore", "DIR/s.db", "--data-dir", "DIR/d"); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		unchanged(t, dir, before)
	})
}
