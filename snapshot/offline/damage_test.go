package offline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/keyspace"
	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/dbtest"
)

// inMemory is a file in memory.
type inMemory struct{ *bytes.Reader }

func (m inMemory) Stat() (fs.FileInfo, error) { return m, nil }
func (inMemory) Close() error                 { return nil }
func (inMemory) Name() string                 { return "memory" }
func (inMemory) Mode() fs.FileMode            { return 0o600 }
func (inMemory) ModTime() time.Time           { return time.Time{} }
func (inMemory) IsDir() bool                  { return false }
func (inMemory) Sys() any                     { return nil }

// specimen is a database with pages of every kind.
func specimen(t *testing.T) []byte {
	t.Helper()
	var lines []string
	for i := range 150 {
		lines = append(lines, fmt.Sprintf("key/%03d %s", i%100, strings.Repeat("v", i%50)))
	}
	lines = append(lines, "key/007", "large "+strings.Repeat("large", 600))
	return dbtest.Bytes(t, dbtest.Layout{PageSize: 1024, Freelist: true}, func(tx *bbolt.Tx) error {
		if err := fill(tx, 0, lines); err != nil {
			return err
		}
		b, err := tx.CreateBucket([]byte("lease"))
		if err != nil {
			return err
		}
		for id := range byte(60) {
			if err := b.Put([]byte{0, 0, 0, 0, 0, 0, 0, id}, []byte{8, id, 16, 100}); err != nil {
				return err
			}
		}
		users, err := tx.CreateBucket([]byte("authUsers"))
		if err == nil {
			err = users.Put([]byte("alice"), []byte("\x0a\x05alice\x1a\x06reader"))
		}
		return err
	})
}

// readings are what the commands do with a source; each returns how much it has
// read.
func readings() map[string]func(context.Context, *Cluster) (int, error) {
	pages := func(r keyspace.Range) func(context.Context, *Cluster) (int, error) {
		return func(ctx context.Context, c *Cluster) (n int, err error) {
			for page, err := range c.Pages(ctx, r) {
				if err != nil {
					return n, err
				}
				n += len(page.KVs)
			}
			return n, nil
		}
	}
	names := keyspace.Prefix("key/")
	names.KeysOnly = true
	sizes := keyspace.Prefix("")
	sizes.SizesOnly = true
	return map[string]func(context.Context, *Cluster) (int, error){
		"get --prefix": pages(keyspace.Prefix("")), "get": pages(keyspace.Range{Key: "key/042"}), "get of a missing key": pages(keyspace.Range{Key: "none"}), "ls": pages(names), "du": pages(sizes),
		"watch": func(ctx context.Context, c *Cluster) (n int, err error) {
			for _, err := range c.Events(ctx, 1, 0, keyspace.Range{Key: "\x00", End: "\x00", PrevKV: true}) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		},
		"lease list": func(ctx context.Context, c *Cluster) (int, error) {
			resp, err := c.Leases(ctx)
			return len(resp.GetLeases()), err
		},
		"lease timetolive": func(ctx context.Context, c *Cluster) (int, error) {
			_, err := c.TimeToLive(ctx, &etcdserverpb.LeaseTimeToLiveRequest{ID: 7, Keys: true})
			return 0, err
		},
		"user get": func(ctx context.Context, c *Cluster) (int, error) {
			resp, err := c.User(ctx, "alice")
			return len(resp.GetRoles()), err
		},
		"member list": func(ctx context.Context, c *Cluster) (int, error) {
			resp, err := c.Members(ctx, "")
			return len(resp.GetMembers()), err
		},
	}
}

// everything runs each reading on a file.
func everything(t *testing.T, b []byte, check func(reading string, n int, err error)) {
	t.Helper()
	f, err := snapshot.OpenSource(inMemory{bytes.NewReader(b)}, "memory")
	if err != nil {
		check("open", 0, err)
		return
	}
	c := New(f)
	defer c.Close()
	for name, read := range readings() {
		n, err := read(t.Context(), c)
		check(name, n, err)
	}
}

// A file that is cut anywhere, or has flipped bits, ends each reading with an
// error that says where, or does not change how much is read. With a sha256
// no range of keys is read wrongly.
func TestDamage(t *testing.T) {
	t.Parallel()
	plain := specimen(t)
	sum := sha256.Sum256(plain)
	whole := append(bytes.Clone(plain), sum[:]...)
	want := map[string]int{}
	everything(t, whole, func(reading string, n int, err error) {
		if want[reading] = n; err != nil {
			t.Fatalf("%s: %v", reading, err)
		}
	})
	for at := 0; at < len(whole); at += 1531 {
		everything(t, whole[:at], func(reading string, n int, err error) {
			if !errors.Is(err, snapshot.ErrCorrupt) {
				t.Errorf("cut at %d of %d, %s: %d, %v", at, len(whole), reading, n, err)
			}
		})
	}
	ranges := map[string]bool{"get --prefix": true, "ls": true, "du": true, "watch": true}
	for at := 0; at < len(plain); at += step(at) {
		for _, b := range [][]byte{plain, whole} {
			b = bytes.Clone(b)
			b[at] ^= 0x41
			everything(t, b, func(reading string, _ int, err error) {
				switch {
				case err != nil && !errors.Is(err, snapshot.ErrCorrupt) && !errors.Is(err, errNoUser):
					t.Errorf("byte %d, %s: %v", at, reading, err)
				case err == nil && ranges[reading] && len(b) == len(whole):
					t.Errorf("byte %d, %s: not found by the sha256", at, reading)
				}
			})
		}
	}
}

// step is small in the header of a page, and larger elsewhere.
func step(at int) int {
	if at%1024 < 16 {
		return 3
	}
	return 173
}

// The sha256 is verified before the last page of a range is returned, and not for
// a single key.
func TestWrongChecksum(t *testing.T) {
	t.Parallel()
	path := databaseOf(t, 0, "a value")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	b = append(bytes.ReplaceAll(b, []byte("value"), []byte("valve")), sum[:]...)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	c := openDatabase(t, path)
	if got := read(t, c, keyspace.Prefix("")); !strings.HasPrefix(got, "error: "+path+" is not as it was saved: expected sha256 ") {
		t.Error(got)
	}
	if got, want := read(t, c, keyspace.Range{Key: "a"}), "a=valve count 1 revision 2 term 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Salvage returns what is not damaged, and says what it left out.
func TestSalvage(t *testing.T) {
	t.Parallel()
	plain := specimen(t)
	for name, damage := range map[string]func([]byte) []byte{
		"pages": func(b []byte) []byte {
			for at, n := 4096, 0; at+1024 <= len(b); at += 1024 {
				if leaf := b[at+8] == 2; leaf && b[at+9] == 0 {
					if n++; n%3 == 0 {
						copy(b[at:], bytes.Repeat([]byte{0xff}, 16))
					}
				}
			}
			return b
		},
		"bits": func(b []byte) []byte {
			for at := 4100; at < len(b); at += 997 {
				b[at] ^= 0x41
			}
			return b
		},
		"nothing": func(b []byte) []byte { return b },
		"the end": func(b []byte) []byte { return b[:len(b)-1500] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := databaseOf(t, 0)
			if err := os.WriteFile(path, damage(bytes.Clone(plain)), 0o600); err != nil {
				t.Fatal(err)
			}
			lost := 0
			c, err := OpenSalvage(path, func(*snapshot.CorruptError) { lost++ })
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			whole := New(openBytes(t, plain))
			for reading, read := range readings() {
				want, err := read(t.Context(), whole)
				if err != nil {
					t.Fatal(err)
				}
				n, err := read(t.Context(), c)
				switch {
				case err != nil && !errors.Is(err, snapshot.ErrCorrupt) && !errors.Is(err, errNoUser):
					t.Errorf("%s: %v", reading, err)
				case n < want && lost == 0 && err == nil:
					t.Errorf("%s: %d of %d, and nothing is said to be lost", reading, n, want)
				case name == "nothing" && (n != want || lost > 0):
					t.Errorf("%s: %d of %d, lost %d", reading, n, want, lost)
				case name == "pages" && reading == "watch" && (n == 0 || n == want):
					t.Errorf("%s: %d of %d", reading, n, want)
				}
			}
		})
	}
}

func openBytes(t *testing.T, b []byte) *snapshot.File {
	t.Helper()
	f, err := snapshot.OpenSource(inMemory{bytes.NewReader(b)}, "memory")
	if err != nil {
		t.Fatal(err)
	}
	return f
}
