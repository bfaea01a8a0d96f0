package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// tree lists all below dir, directories with a slash at the end.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	all := []string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if e.IsDir() {
			rel += "/"
		}
		all = append(all, rel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func want(t *testing.T, dir string, names ...string) {
	t.Helper()
	if got := tree(t, dir); !slices.Equal(got, names) {
		t.Errorf("got %q, want %q", got, names)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	write(t, path, "old")
	write(t, path+".part", "of a killed run")
	f, err := Create(t.Context(), path)
	check(t, err)
	_, err = f.Write([]byte("new"))
	check(t, err)
	if b, _ := os.ReadFile(path); string(b) != "old" {
		t.Errorf("before Commit: %q", b)
	}
	check(t, f.Commit())
	check(t, f.Abort())
	want(t, dir, "f")
	if b, _ := os.ReadFile(path); string(b) != "new" {
		t.Errorf("got %q", b)
	}
}

func TestFileAbort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := Create(t.Context(), filepath.Join(dir, "f"))
	check(t, err)
	want(t, dir, "f.part")
	check(t, f.Abort())
	check(t, f.Abort())
	want(t, dir)
}

// TestFileTaken is about two programs that write the same file: the second one
// leaves it to the first.
func TestFileTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	first, err := Create(t.Context(), path)
	check(t, err)
	_, err = Create(t.Context(), path)
	if want := "could not write " + path + ": another program is writing it, as " + path + ".part"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	want(t, dir, "f.part")
	check(t, first.Commit())
	second, err := Create(t.Context(), path)
	check(t, err)
	check(t, second.Abort())
	want(t, dir, "f")
}

// TestFileReplaced has two Files for one path on a system without locks: the
// first one must neither publish nor remove the other's file.
func TestFileReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	f, err := Create(t.Context(), path)
	check(t, err)
	check(t, os.Remove(f.Name()))
	write(t, f.Name(), "of another program")
	if err := f.Commit(); err == nil || err.Error() != path+".part was replaced: is another program writing "+path+"?" {
		t.Errorf("got %v", err)
	}
	check(t, f.Abort())
	want(t, dir, "f.part")
}

func TestFileRenameFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	f, err := Create(t.Context(), path)
	check(t, err)
	write(t, filepath.Join(path, "x"), "in the way")
	if err := f.Commit(); err == nil || !strings.HasPrefix(err.Error(), "could not rename "+path+".part to "+path+" (") {
		t.Errorf("got %v", err)
	}
	check(t, f.Abort())
	want(t, dir, "f/", "f/x")
}

// build starts a directory and puts a/b into it.
func build(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := NewDir(path)
	check(t, err)
	write(t, filepath.Join(d.Path(), "a", "b"), "content")
	return d
}

func TestDirCommit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, path, before string }{
		{"new", "d", ""},
		{"with parents", "p/q/d", ""},
		{"existing", "d", "d"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, tc.path)
			var before os.FileInfo
			if tc.before != "" {
				check(t, os.Mkdir(filepath.Join(dir, tc.before), 0o750))
				before, _ = os.Stat(path)
			}
			d := build(t, path)
			check(t, CommitDirs(d))
			check(t, d.Abort())
			want(t, path, "a/", "a/b")
			want(t, filepath.Dir(path), "d/", "d/a/", "d/a/b")
			info, err := os.Stat(path)
			check(t, err)
			if before == nil && info.Mode().Perm() != 0o700 {
				t.Errorf("mode %v", info.Mode())
			}
			if before != nil && (!os.SameFile(before, info) || info.Mode() != before.Mode()) {
				t.Error("the existing directory was replaced")
			}
		})
	}
}

// TestMountPoint fills a directory that has nothing but "lost+found".
func TestMountPoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "lost+found"), 0o700))
	check(t, build(t, dir).Abort())
	want(t, dir, "lost+found/")
	first, second := build(t, dir), build(t, filepath.Join(t.TempDir(), "second"))
	write(t, filepath.Join(second.path, "x"), "came in between")
	if err := CommitDirs(first, second); err == nil {
		t.Error("no error")
	}
	check(t, errors.Join(first.Abort(), second.Abort()))
	want(t, dir, "lost+found/")
	check(t, CommitDirs(build(t, dir)))
	want(t, dir, "a/", "a/b", "lost+found/")
}

// TestUnsyncable distinguishes directories that can't be synced from errors.
func TestUnsyncable(t *testing.T) {
	t.Parallel()
	for err, ignored := range map[error]bool{
		syscall.EACCES: true, syscall.EPERM: true, syscall.EINVAL: true, syscall.ENOTSUP: true, syscall.ENOSYS: true,
		syscall.EIO: false, syscall.ENOSPC: false, syscall.EMFILE: false,
	} {
		if got := ignoreUnsyncable(&fs.PathError{Op: "sync", Path: "d", Err: err}); (got == nil) != ignored {
			t.Errorf("%v: %v", err, got)
		}
	}
}

func TestDirAbort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "empty"), 0o700))
	for _, path := range []string{"new", "p/q/new", "empty"} {
		d := build(t, filepath.Join(dir, path))
		check(t, d.Abort())
		check(t, d.Abort())
		want(t, dir, "empty/")
	}
}

func TestDirRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "full", "x"), "")
	write(t, filepath.Join(dir, "file"), "")
	for _, path := range []string{"full", "file", "file/below"} {
		if d, err := NewDir(filepath.Join(dir, path)); err == nil {
			t.Errorf("%s: no error, %+v", path, d)
		}
	}
	want(t, dir, "file", "full/", "full/x")
}

// TestDirsTogether lets the second of two fail: the first is taken back.
func TestDirsTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "empty"), 0o700))
	for _, path := range []string{"p/first", "empty"} {
		first, second := build(t, filepath.Join(dir, path)), build(t, filepath.Join(dir, "second"))
		write(t, filepath.Join(dir, "second", "x"), "came in between")
		if err := CommitDirs(first, second); err == nil {
			t.Error("no error")
		}
		check(t, errors.Join(first.Abort(), second.Abort()))
		want(t, dir, "empty/", "second/", "second/x")
		check(t, os.RemoveAll(filepath.Join(dir, "second")))
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	odd := filepath.Join(dir, "a[b*c")
	for _, path := range []string{odd, filepath.Join(dir, "a[b*c", ".part-1", "x"), filepath.Join(dir, ".a[b*c.part-2", "x"),
		filepath.Join(dir, ".other.part-3", "x"), filepath.Join(dir, "a[b*c", "data")} {
		check(t, os.MkdirAll(path, 0o700))
	}
	check(t, os.RemoveAll(filepath.Join(odd, "data")))
	write(t, filepath.Join(dir, ".a[b*c.part-file"), "not a directory")
	check(t, Sweep(odd))
	want(t, dir, ".a[b*c.part-file", ".other.part-3/", ".other.part-3/x/", "a[b*c/")

	d := build(t, odd) // is not swept while it is built
	before := tree(t, dir)
	check(t, Sweep(odd))
	want(t, dir, before...)
	check(t, d.Abort())
	check(t, Sweep(filepath.Join(dir, "none")))
}

func TestPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tmp, path := filepath.Join(dir, "tmp"), filepath.Join(dir, "path")
	write(t, tmp, "first")
	check(t, Place(tmp, path))
	want(t, dir, "path")
	write(t, tmp, "second")
	if err := Place(tmp, path); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	want(t, dir, "path", "tmp")
	if err := renameNoReplace(tmp, path); !errors.Is(err, os.ErrExist) && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without links: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "first" {
		t.Errorf("the file became %q, %v", b, err)
	}
}
