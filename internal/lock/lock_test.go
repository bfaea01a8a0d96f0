package lock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"etcdkit/internal/need"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	readers := []*os.File{open(t, path), open(t, path)}
	for _, r := range readers {
		if err := Wait(t.Context(), r, Shared, time.Millisecond); errors.Is(err, errors.ErrUnsupported) {
			need.OrSkip(t, need.Locks, err)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	writer := open(t, path)
	want := "timeout: another process has locked " + path + ": is an etcd server running on it?"
	var told []string
	noticed := Notify(t.Context(), func(path string) { told = append(told, path) })
	if err := Wait(noticed, writer, Exclusive, time.Millisecond); !errors.Is(err, ErrTimeout) || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if len(told) != 1 || told[0] != path {
		t.Errorf("told of %q", told)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if err := Wait(ctx, writer, Exclusive, 0); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	got := make(chan error)
	go func() { got <- Wait(t.Context(), writer, Exclusive, 0) }()
	for _, r := range readers {
		r.Close()
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	if Try(open(t, path)) {
		t.Error("locked twice")
	}
}
