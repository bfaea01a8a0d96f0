package store_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etcdkit/backup/store"
	"etcdkit/backup/store/storetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return store.NewMemory() })
}

func TestDir(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return store.NewDir(filepath.Join(t.TempDir(), "new", "repo")) })
}

// TestDirEmptied puts objects into directories that others remove at the same
// time, because they are empty.
func TestDirEmptied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := store.NewDir(dir)
	storetest.Parallel(t, s)
	if got := tree(t, dir); got != "" {
		t.Errorf("left: %s", got)
	}
}

// tree lists the files and directories below dir with their permissions.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := e.Info()
		rel, _ := filepath.Rel(dir, path)
		b.WriteString(info.Mode().String() + " " + rel + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDirModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	storetest.Put(t, store.NewDir(filepath.Join(dir, "repo")), "a/b", []byte("x"))
	if got, want := tree(t, dir), "drwx------ repo\ndrwx------ repo/a\n-rw------- repo/a/b\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestDirForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := store.NewDir(dir)
	storetest.Put(t, s, "a/b", []byte("x"))
	for _, name := range []string{".hidden", "a/.b.swp", "a/x.part~", "a/.x.nothex.part", "with space", ".git/config", "lost+found/1"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("b", filepath.Join(dir, "a", "link")); err != nil {
		t.Fatal(err)
	}
	storetest.Want(t, s, "a/b")
	for u, err := range s.Incomplete(t.Context(), "") {
		t.Errorf("incomplete: %+v, %v", u, err)
	}
	before := tree(t, dir)
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if got, want := tree(t, dir), strings.Replace(before, "-rw------- a/b\n", "", 1); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestDirMissing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(t.TempDir(), "none")} {
		s := store.NewDir(path)
		_, err := s.Get(t.Context(), "a", 0, -1)
		if path != file { // the system says "not a directory"
			storetest.Is(t, "get", err, store.ErrMissing)
		}
		n := 0
		for _, err := range s.List(t.Context(), "") {
			storetest.Is(t, "list", err, store.ErrMissing)
			n++
		}
		if n != 1 {
			t.Errorf("%d errors of list", n)
		}
		if err := s.Delete(t.Context(), "a"); path != file && err != nil {
			t.Error(err)
		}
	}
}

// TestDirLink reads and writes through a symbolic link, which stays.
func TestDirLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o700), os.Symlink("real", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	s := store.NewDir(filepath.Join(dir, "link"))
	storetest.Put(t, s, "a/b", []byte("x"))
	storetest.Want(t, s, "a/b")
	if err := s.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if got, want := tree(t, dir), "Lrwxrwxrwx link\ndrwx------ real\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestDirIncomplete finds an upload in progress, refuses to remove it, and
// removes what a killed one left.
func TestDirIncomplete(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := store.NewDir(dir)
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := s.Put(t.Context(), "a/b.zst", pr, store.PutOptions{IfAbsent: true})
		done <- err
	}()
	if _, err := pw.Write([]byte("begun")); err != nil {
		t.Fatal(err)
	}
	running := one(t, s)
	if running.Name != "a/b.zst" || running.Changed.IsZero() {
		t.Errorf("got %+v", running)
	}
	storetest.Want(t, s)
	storetest.Is(t, "abort", s.Abort(t.Context(), running), store.ErrInUse)
	if err := pw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	storetest.Want(t, s, "a/b.zst")
	if err := s.Abort(t.Context(), running); err != nil {
		t.Errorf("abort of one that has ended: %v", err)
	}

	left := filepath.Join(dir, "c", ".d.0123456789abcdef.part")
	if err := errors.Join(os.Mkdir(filepath.Dir(left), 0o700), os.WriteFile(left, []byte("left"), 0o600)); err != nil {
		t.Fatal(err)
	}
	killed := one(t, s)
	if killed.Name != "c/d" || killed.Size != 4 {
		t.Errorf("got %+v", killed)
	}
	if err := s.Abort(t.Context(), killed); err != nil {
		t.Error(err)
	}
	if got, want := tree(t, dir), "drwx------ a\n-rw------- a/b.zst\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, u := range []store.Upload{{Name: "../x", ID: "0123456789abcdef"}, {Name: "a", ID: "../../x"}, {Name: "a", ID: ""}} {
		if err := s.Abort(t.Context(), u); err == nil {
			t.Errorf("%+v was accepted", u)
		}
	}
}

// one returns the only upload that is incomplete.
func one(t *testing.T, s store.Store) (found store.Upload) {
	t.Helper()
	n := 0
	for u, err := range s.Incomplete(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		found = u
		n++
	}
	if n != 1 {
		t.Fatalf("%d uploads are incomplete", n)
	}
	return found
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"":             "no repository: give a directory, s3://BUCKET/PREFIX or command:PROGRAM",
		"s3://b/p":     "s3://b/p: this program can't open S3 buckets",
		"gs://b":       "gs://b: unknown kind of repository: give a directory, s3://BUCKET/PREFIX or command:PROGRAM",
		"command:":     "command: names no program: give command:PROGRAM",
		"/a/../backup": "",
		"./x/y://z":    "",
	} {
		s, err := store.Open(t.Context(), location, store.Options{})
		if got := text(err); got != want {
			t.Errorf("%q: error %q, want %q", location, got, want)
		}
		if err == nil && s.Location() != filepath.Clean(location) {
			t.Errorf("%q became %q", location, s.Location())
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
