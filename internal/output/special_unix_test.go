//go:build unix

package output

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe or a device stays what it is, also behind a link, and a link to a file is replaced by one.
func TestCreateInPlaceOfSpecialFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, link, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "link"), filepath.Join(dir, "file")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{pipe, os.DevNull} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{pipe, link} {
			_, err := Create(path)
			if want := "could not write " + path + ": not a regular file, which is what it would be replaced with"; err == nil || err.Error() != want {
				t.Errorf("%s: %v\nwant %s", path, err, want)
			}
			if _, err := os.Lstat(path + ".part"); !os.IsNotExist(err) {
				t.Errorf("%s.part: %v", path, err)
			}
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	f, err := Create(link)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "old" {
		t.Errorf("what the link led to: %q, %v", b, err)
	}
}

// What is no leftover of ours stays, though it has the name of one.
func TestCreateBesideSpecialFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	part := path + ".part"
	for name, create := range map[string]func() error{
		"directory": func() error { return os.Mkdir(part, 0o700) },
		"pipe":      func() error { return syscall.Mkfifo(part, 0o600) },
		"link":      func() error { return os.Symlink("elsewhere", part) },
	} {
		if err := create(); err != nil {
			t.Fatal(err)
		}
		before, err := os.Lstat(part)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Create(path)
		if want := "could not open " + part + ": it is in the way and is no regular file"; err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
		if after, err := os.Lstat(part); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(part); err != nil {
			t.Fatal(err)
		}
	}
}
