//go:build unix

package output

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"etcdkit/internal/need"
)

// TestCreateFollowsLinks replaces the file that a link names, beside it; the
// link stays.
func TestCreateFollowsLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	below := filepath.Join(dir, "below")
	check(t, os.Mkdir(below, 0o700))
	check(t, os.Symlink("below", filepath.Join(dir, "dir")))
	check(t, os.Symlink("../file", filepath.Join(below, "up")))
	for name, target := range map[string]string{"relative": "file", "chain": "relative", "through": "dir/up", "absolute": filepath.Join(dir, "file")} {
		check(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	for i, link := range []string{"relative", "chain", "through", "absolute"} {
		content := strings.Repeat("x", i+1)
		f, err := Create(t.Context(), filepath.Join(dir, link))
		check(t, err)
		if _, err := os.Lstat(filepath.Join(dir, "file.part")); err != nil {
			t.Errorf("%s: %v", link, err)
		}
		_, err = f.Write([]byte(content))
		check(t, err)
		check(t, f.Commit())
		check(t, WriteFile(filepath.Join(dir, link), []byte(content+"!")))
		if b, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(b) != content+"!" {
			t.Errorf("%s: %q, %v", link, b, err)
		}
	}
	want(t, dir, "absolute", "below/", "below/up", "chain", "dir", "file", "relative", "through")
	check(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	if _, err := Create(t.Context(), filepath.Join(dir, "loop")); err == nil {
		t.Error("a loop was followed")
	}
}

// TestCreatePipe writes to a pipe, also through a link, and leaves it there.
func TestCreatePipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	check(t, syscall.Mkfifo(pipe, 0o600))
	check(t, os.Symlink("pipe", link))
	for _, path := range []string{pipe, link} {
		read := make(chan string)
		go func() {
			b, err := os.ReadFile(pipe)
			read <- fmt.Sprintf("%s %v", b, err)
		}()
		f, err := Create(t.Context(), path)
		check(t, err)
		_, err = f.Write([]byte("content"))
		check(t, err)
		check(t, f.Commit())
		check(t, f.Abort())
		if got := <-read; got != "content <nil>" || !f.Stream() {
			t.Errorf("%s: read %q", path, got)
		}
		if err := WriteFile(path, nil); err == nil || err.Error() != "could not write "+path+": not a regular file" {
			t.Errorf("%s: %v", path, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := Create(ctx, pipe); err == nil || !strings.HasSuffix(err.Error(), "enough") {
		t.Errorf("without a reader: %v", err)
	}
	want(t, dir, "link", "pipe")
}

// TestCreateOpenFile writes to a file that the process has open, where it has
// got to, and not to a new one in its place.
func TestCreateOpenFile(t *testing.T) {
	t.Parallel()
	_, err := os.Stat("/dev/fd/0")
	need.OrSkip(t, need.OpenFile, err)
	dir := t.TempDir()
	open, err := os.Create(filepath.Join(dir, "file"))
	check(t, err)
	defer open.Close()
	_, err = open.WriteString("before ")
	check(t, err)
	link := filepath.Join(dir, "link")
	check(t, os.Symlink(fmt.Sprintf("/dev/fd/%d", open.Fd()), link))
	f, err := Create(t.Context(), link)
	check(t, err)
	if !f.Stream() || !f.Same(open) {
		t.Error("another file is written")
	}
	_, err = f.Write([]byte("after"))
	check(t, err)
	check(t, f.Commit())
	if b, err := os.ReadFile(open.Name()); err != nil || string(b) != "before after" {
		t.Errorf("%q, %v", b, err)
	}
	want(t, dir, "file", "link")
}

// TestCreateRefusesDevices leaves a device alone.
func TestCreateRefusesDevices(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "link")
	check(t, os.Symlink(os.DevNull, link))
	for _, path := range []string{os.DevNull, link} {
		_, err := Create(t.Context(), path)
		if want := "could not write " + path + ": neither a regular file nor a pipe"; err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", path, err, want)
		}
	}
}

// TestUnreadableParent writes into a directory that can't be read, and so not
// synced; an aborted file leaves nothing there.
func TestUnreadableParent(t *testing.T) {
	t.Parallel()
	need.NotRoot(t) // the script output_dirs does it as another user
	dir := t.TempDir()
	check(t, os.Chmod(dir, 0o333))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	check(t, WriteFile(filepath.Join(dir, "f"), []byte("x")))
	d := build(t, filepath.Join(dir, "d"))
	check(t, CommitDirs(d))
	check(t, build(t, filepath.Join(dir, "other")).Abort())
	check(t, os.Chmod(dir, 0o700))
	want(t, dir, "d/", "d/a/", "d/a/b", "f")
}

// TestCreateBesideSpecialFiles checks that special files with the name of a
// leftover stay.
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
		_, err = Create(t.Context(), path)
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
