package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestUntilUnread(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, stop := Streams{Out: w}.UntilUnread(t.Context())
	defer stop()
	if _, err := w.WriteString("unread so far"); err != nil || ctx.Err() != nil {
		t.Fatal(err, ctx.Err())
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), errUnread) {
		t.Errorf("%v", context.Cause(ctx))
	}
}

func TestUntilUnreadWithoutPipe(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	fifo, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer fifo.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, s := range []Streams{{Out: fifo}, {Out: file}, {Out: new(bytes.Buffer)}} {
		if ctx, stop := s.UntilUnread(t.Context()); ctx != t.Context() {
			t.Errorf("%T is watched", s.Out)
			stop()
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ctx, stop := Streams{Out: w}.UntilUnread(t.Context())
	stop()
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Error("what has been stopped goes on")
	}
}
