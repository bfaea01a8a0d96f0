// Package storetest is the contract of store.Store as tests, which every store
// passes, and a store that fails on purpose.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"etcdkit/backup/store"
)

// Run tests the stores that open returns: each call must return an empty one.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for name, test := range map[string]func(*testing.T, store.Store){
		"round trip": roundTrip,
		"ranges":     ranges,
		"absent":     absent,
		"replace":    replace,
		"if absent":  ifAbsent,
		"race":       race,
		"bad reader": badReader,
		"size":       size,
		"cancelled":  cancelled,
		"list":       list,
		"delete":     remove,
		"names":      names,
		"parallel":   parallel,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Data returns n bytes that look random and are the same in every run.
func Data(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b) // never fails
	return b
}

// Put stores an object that must not fail.
func Put(t *testing.T, s store.Store, name string, data []byte) {
	t.Helper()
	got, err := s.Put(t.Context(), name, bytes.NewReader(data), store.PutOptions{})
	if err != nil {
		t.Fatalf("put %s: %v", name, err)
	}
	if got.Name != name || got.Size != int64(len(data)) {
		t.Errorf("put %s of %d bytes: got %+v", name, len(data), got)
	}
}

// Get reads a whole object, which must not fail.
func Get(t *testing.T, s store.Store, name string) []byte {
	t.Helper()
	b, err := read(t.Context(), s, name, 0, -1)
	if err != nil {
		t.Fatalf("get %s: %v", name, err)
	}
	return b
}

func read(ctx context.Context, s store.Store, name string, offset, length int64) ([]byte, error) {
	r, err := s.Get(ctx, name, offset, length)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

// Names lists the names that begin with prefix.
func Names(t *testing.T, s store.Store, prefix string) []string {
	t.Helper()
	names := []string{}
	for o, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("list %q: %v", prefix, err)
		}
		names = append(names, o.Name)
	}
	return names
}

// Want checks that a store has exactly these objects.
func Want(t *testing.T, s store.Store, names ...string) {
	t.Helper()
	if got := Names(t, s, ""); !slices.Equal(got, names) {
		t.Errorf("the store has %q, want %q", got, names)
	}
}

// Is checks the kind of an error.
func Is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want one that is %q", what, err, want)
	}
}

func roundTrip(t *testing.T, s store.Store) {
	for _, n := range []int{0, 1, 1000, 64<<10 - 1, 1 << 20, 8 << 20, 34<<20 + 1} {
		name := fmt.Sprintf("n/%d.bin", n)
		want := Data(n)
		Put(t, s, name, want)
		if got := Get(t, s, name); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d others", n, len(got))
		}
	}
}

func ranges(t *testing.T, s store.Store) {
	data := Data(100_000)
	Put(t, s, "ranges", data)
	Put(t, s, "empty", nil)
	for _, tt := range []struct{ offset, length, from, to int64 }{
		{0, -1, 0, 100_000},
		{0, 1, 0, 1},
		{0, 100_000, 0, 100_000},
		{0, 100_001, 0, 100_000},
		{99_999, -1, 99_999, 100_000},
		{99_999, 5, 99_999, 100_000},
		{4097, 8192, 4097, 12289},
		{100_000, -1, 0, 0},
		{100_000, 10, 0, 0},
		{200_000, -1, 0, 0},
	} {
		got, err := read(t.Context(), s, "ranges", tt.offset, tt.length)
		if err != nil || !bytes.Equal(got, data[tt.from:tt.to]) {
			t.Errorf("%d bytes from %d: got %d bytes, %v", tt.length, tt.offset, len(got), err)
		}
	}
	for _, tt := range [][2]int64{{0, -1}, {0, 1}, {1, -1}} {
		if got, err := read(t.Context(), s, "empty", tt[0], tt[1]); err != nil || len(got) > 0 {
			t.Errorf("%d bytes from %d of an empty object: got %q, %v", tt[1], tt[0], got, err)
		}
	}
	for _, tt := range [][2]int64{{-1, -1}, {0, 0}, {0, -2}} {
		if _, err := s.Get(t.Context(), "ranges", tt[0], tt[1]); err == nil {
			t.Errorf("%d bytes from %d: no error", tt[1], tt[0])
		}
	}
}

func absent(t *testing.T, s store.Store) {
	Put(t, s, "a/b", []byte("x"))
	for _, name := range []string{"b", "a/c", "b/c"} {
		_, err := read(t.Context(), s, name, 0, -1)
		Is(t, "get "+name, err, store.ErrNotFound)
		_, err = read(t.Context(), s, name, 7, 3)
		Is(t, "get a range of "+name, err, store.ErrNotFound)
	}
}

func replace(t *testing.T, s store.Store) {
	Put(t, s, "a", []byte("a first, longer text"))
	Put(t, s, "a", []byte("second"))
	if got := Get(t, s, "a"); string(got) != "second" {
		t.Errorf("got %q", got)
	}
	Want(t, s, "a")
}

func ifAbsent(t *testing.T, s store.Store) {
	for _, n := range []int{10, 10 << 20} {
		name := fmt.Sprintf("dir/%d", n)
		want := Data(n)
		if _, err := s.Put(t.Context(), name, bytes.NewReader(want), store.PutOptions{IfAbsent: true}); err != nil {
			t.Fatal(err)
		}
		_, err := s.Put(t.Context(), name, bytes.NewReader(Data(n+1)), store.PutOptions{IfAbsent: true})
		Is(t, "a second put", err, store.ErrExists)
		if got := Get(t, s, name); !bytes.Equal(got, want) {
			t.Errorf("%s was replaced", name)
		}
		if err := s.Delete(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), name, bytes.NewReader(want), store.PutOptions{IfAbsent: true}); err != nil {
			t.Errorf("after a delete: %v", err)
		}
	}
}

// race puts one name from several goroutines: one of them succeeds, and its
// object stays.
func race(t *testing.T, s store.Store) {
	const racers = 6
	var group sync.WaitGroup
	errs := make([]error, racers)
	for i := range racers {
		group.Go(func() {
			_, errs[i] = s.Put(t.Context(), "raced", strings.NewReader(strings.Repeat(fmt.Sprint(i), 50_000)), store.PutOptions{IfAbsent: true})
		})
	}
	group.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("%d and %d both succeeded", winner, i)
		case err == nil:
			winner = i
		default:
			Is(t, fmt.Sprint(i), err, store.ErrExists)
		}
	}
	if winner < 0 {
		t.Fatal("nobody succeeded")
	}
	if got := Get(t, s, "raced"); string(got) != strings.Repeat(fmt.Sprint(winner), 50_000) {
		t.Errorf("%d succeeded; the object begins with %.1q", winner, got)
	}
	Want(t, s, "raced")
}

var errReader = errors.New("the reader failed")

func badReader(t *testing.T, s store.Store) {
	Put(t, s, "kept", []byte("kept"))
	for _, n := range []int{0, 1, 100_000, 10 << 20} {
		for name, failure := range map[string]error{"kept": errReader, "deep/new": errReader, "deep/cut": io.ErrUnexpectedEOF} {
			_, err := s.Put(t.Context(), name, io.MultiReader(bytes.NewReader(Data(n)), failing{failure}), store.PutOptions{})
			Is(t, fmt.Sprintf("put %s, %d bytes", name, n), err, failure)
			if ids := uploads(t, s); len(ids) > 0 {
				t.Errorf("put %s, %d bytes: uploads %q are left", name, n, ids)
			}
		}
	}
	Want(t, s, "kept")
	if got := Get(t, s, "kept"); string(got) != "kept" {
		t.Errorf("kept became %d bytes", len(got))
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// uploads lists what is incomplete.
func uploads(t *testing.T, s store.Store) (all []string) {
	t.Helper()
	for u, err := range s.Incomplete(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u.Name+" "+u.ID)
	}
	return all
}

func size(t *testing.T, s store.Store) {
	for _, n := range []int64{9, 11} {
		_, err := s.Put(t.Context(), "a/b", strings.NewReader("ten bytes."), store.PutOptions{Size: n})
		if err == nil {
			t.Errorf("ten bytes were stored as %d", n)
		}
	}
	Put(t, s, "other", nil)
	Want(t, s, "other")
	for _, n := range []int64{10, 0, -1} {
		if _, err := s.Put(t.Context(), "a/b", strings.NewReader("ten bytes."), store.PutOptions{Size: n}); err != nil {
			t.Errorf("size %d: %v", n, err)
		}
	}
}

func cancelled(t *testing.T, s store.Store) {
	Put(t, s, "a", Data(3<<20))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := s.Get(ctx, "a", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if n, err := io.Copy(io.Discard, r); err == nil && n < 3<<20 {
		t.Errorf("%d bytes and the end, after the context was cancelled", n)
	}
	if err := r.Close(); err != nil {
		t.Log(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	_, err = s.Put(ctx, "b", io.MultiReader(bytes.NewReader(Data(100_000)), readFunc(func([]byte) (int, error) {
		cancel()
		return 1, nil
	})), store.PutOptions{})
	Is(t, "put", err, context.Canceled)
	for _, err := range s.List(ctx, "") {
		Is(t, "list", err, context.Canceled)
	}
	Want(t, s, "a")
	if ids := uploads(t, s); len(ids) > 0 {
		t.Errorf("uploads %q are left", ids)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func list(t *testing.T, s store.Store) {
	want := []string{"a-b", "a.b", "a/b", "a/b-c", "a/b.c/d", "a0", "a_b", "aa", "b/1/2/3", "b/1/20", "c"}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(want)) {
		Put(t, s, want[i], Data(i))
	}
	Want(t, s, want...)
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b.", "a/b.c/d", "a/b.c/d/", "b/1", "b/1/2", "b/1/2/", "none", "none/x", "c"} {
		below := slices.DeleteFunc(slices.Clone(want), func(n string) bool { return !strings.HasPrefix(n, prefix) })
		if got := Names(t, s, prefix); !slices.Equal(got, below) {
			t.Errorf("prefix %q: got %q, want %q", prefix, got, below)
		}
	}
	for o, err := range s.List(t.Context(), "") {
		if i := slices.Index(want, o.Name); err != nil || i < 0 || o.Size != int64(i) || o.Modified.IsZero() {
			t.Errorf("got %+v, %v", o, err)
		}
	}
	for o, err := range s.List(t.Context(), "") { // ended early
		if o.Name != "a-b" || err != nil {
			t.Errorf("began with %s, %v", o.Name, err)
		}
		break
	}
}

func remove(t *testing.T, s store.Store) {
	for _, name := range []string{"a/b/c", "a/b/d", "e"} {
		Put(t, s, name, []byte(name))
	}
	for _, name := range []string{"a/b/c", "a/b/c", "none", "no/where"} {
		if err := s.Delete(t.Context(), name); err != nil {
			t.Errorf("delete %s: %v", name, err)
		}
	}
	Want(t, s, "a/b/d", "e")
	if err := s.Delete(t.Context(), "a/b/d"); err != nil {
		t.Error(err)
	}
	Want(t, s, "e")
	Put(t, s, "a", []byte("where a directory was"))
	Want(t, s, "a", "e")
}

func names(t *testing.T, s store.Store) {
	for _, name := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/.", ".a", "a.", "a/.b.0011223344556677.part", "a b", "a\\b", "a:b",
		"ä", "a\x00", "a\n", "a+b", strings.Repeat("x", 201), strings.Repeat("xxxxxxxxx/", 80) + "x",
	} {
		_, err := s.Put(t.Context(), name, strings.NewReader(""), store.PutOptions{})
		Is(t, fmt.Sprintf("put %.30q", name), err, store.ErrBadName)
		_, err = s.Get(t.Context(), name, 0, -1)
		Is(t, fmt.Sprintf("get %.30q", name), err, store.ErrBadName)
		Is(t, fmt.Sprintf("delete %.30q", name), s.Delete(t.Context(), name), store.ErrBadName)
	}
	long := strings.Repeat("x", 200)
	Put(t, s, "a/"+long, nil)
	Put(t, s, "20261130T021400Z-123_4.db.zst.age", nil)
	Want(t, s, "20261130T021400Z-123_4.db.zst.age", "a/"+long)
}

// parallel puts, reads and deletes objects of one directory from several
// goroutines. The directory is never empty: the S3 server of the tests removes
// one that is while an object is put there.
func parallel(t *testing.T, s store.Store) {
	Put(t, s, "dir/kept", nil)
	Parallel(t, s)
	Put(t, s, "end", nil)
	Want(t, s, "dir/kept", "end")
}

// Parallel puts, reads and deletes objects of the directory "dir" from several
// goroutines.
func Parallel(t *testing.T, s store.Store) {
	t.Helper()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 10 {
				name := fmt.Sprintf("dir/%d-%d", i, j)
				data := Data(1000*i + j)
				if _, err := s.Put(t.Context(), name, bytes.NewReader(data), store.PutOptions{}); err != nil {
					t.Errorf("put %s: %v", name, err)
				}
				if got, err := read(t.Context(), s, name, 0, -1); err != nil || !bytes.Equal(got, data) {
					t.Errorf("get %s: %d bytes, %v", name, len(got), err)
				}
				if err := s.Delete(t.Context(), name); err != nil {
					t.Errorf("delete %s: %v", name, err)
				}
			}
		})
	}
	group.Wait()
}
