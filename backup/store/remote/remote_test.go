package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"etcdkit/backup/store"
	"etcdkit/backup/store/remote"
	"etcdkit/backup/store/storetest"
)

// TestMain serves a store if this program is run for that, as etcdutl does.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != remote.Argument {
		os.Exit(m.Run())
	}
	if os.Getenv("CRASH") != "" {
		fmt.Fprintln(os.Stderr, "unknown command")
		os.Exit(2)
	}
	if err := remote.Serve(context.Background(), os.Stdin, os.Stdout, store.Options{S3: served}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// served opens s3://PATH as a directory, for a client without S3.
func served(_ context.Context, location string, o store.Options) (store.Store, error) {
	if o.Region == "nowhere" {
		return nil, store.WithKind(store.ErrDenied, errors.New("no such region"))
	}
	dir := store.NewDir(strings.TrimPrefix(location, "s3:/"))
	if o.Region == "faulty" {
		return fragile{dir}, nil
	}
	return dir, nil
}

// fragile fails in the middle of each read.
type fragile struct{ store.Store }

func (f fragile) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	r, err := f.Store.Get(ctx, name, offset, length)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, 100_000), broken{}), r}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) {
	return 0, store.WithKind(store.ErrDenied, errors.New("the \"keys\" have expired\nin the middle"))
}

func open(t *testing.T, o store.Options) (store.Store, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.S3 = remote.Opener(self)
	s, err := store.Open(t.Context(), "s3:/"+filepath.Join(t.TempDir(), "repo"), o)
	if err == nil {
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return s, err
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store {
		s, err := open(t, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	_, err := open(t, store.Options{Region: "nowhere"})
	storetest.Is(t, "open", err, store.ErrDenied)
	if err == nil || err.Error() != "no such region" {
		t.Errorf("got %v", err)
	}
	if _, err := open(t, store.Options{Env: []string{"CRASH=1"}}); err == nil || !strings.Contains(err.Error(), "unknown command") {
		t.Errorf("a program that can't serve: %v", err)
	}
}

// TestReadFails keeps a part of an object from being taken for all of it.
func TestReadFails(t *testing.T) {
	t.Parallel()
	s, err := open(t, store.Options{Region: "faulty"})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Put(t, s, "a", storetest.Data(1<<20))
	r, err := s.Get(t.Context(), "a", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	storetest.Is(t, "read", err, store.ErrDenied)
	if !bytes.Equal(b, storetest.Data(1 << 20)[:100_000]) || err == nil || err.Error() != "the \"keys\" have expired\nin the middle" {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// uploading reports whether an upload has begun.
func uploading(ctx context.Context, s store.Store) bool {
	for _, err := range s.Incomplete(ctx, "") {
		return err == nil
	}
	return false
}

// TestAbandoned closes the store during a Put, as a program does that ends: the
// other end removes what it had.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	s, err := open(t, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimPrefix(s.Location(), "s3:/")
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := s.Put(t.Context(), "a", pr, store.PutOptions{})
		done <- err
	}()
	if _, err := pw.Write(storetest.Data(1 << 20)); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); !uploading(t.Context(), s); {
		if time.Since(begun) > 2*time.Minute {
			t.Fatal("the upload has not begun")
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := pw.CloseWithError(io.ErrClosedPipe); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("the put succeeded")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	hidden, err := os.ReadDir(dir)
	if err != nil || len(hidden) > 0 {
		t.Errorf("left: %v, %v", hidden, err)
	}
}
