package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// copied copies what is open to a new file.
func copied(ctx context.Context, t *testing.T, f *File) ([]byte, int64, error) {
	t.Helper()
	dst, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	var last int64
	err = f.CopyTo(ctx, dst, func(to int64) {
		if to <= last {
			t.Errorf("%d after %d", to, last)
		}
		last = to
	})
	return readFile(t, dst.Name()), last, err
}

func TestCopyTo(t *testing.T) {
	t.Parallel()
	all := streamed(t)
	want := all[:len(all)-32]
	onDisk := open(t, writeFile(t, all))
	inMem, err := newFile(inMemory(all), "memory")
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*File{"a file": onDisk, "again": onDisk, "in memory": inMem} {
		if got, to, err := copied(t.Context(), t, f); err != nil || to != int64(len(want)) || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes up to %d, %v", name, len(got), to, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if got, _, err := copied(ctx, t, onDisk); !errors.Is(err, why) || len(got) > 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestCopyToShorter cuts the file after it was opened.
func TestCopyToShorter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, streamed(t), 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	if _, _, err := copied(t.Context(), t, f); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
}
