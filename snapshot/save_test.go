package snapshot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"etcdkit/internal/output"
)

// streamed returns the bytes of a snapshot as a server sends them.
func streamed(t testing.TB) []byte {
	t.Helper()
	h := newHistory()
	h.put(strings.Repeat("v", 200_000), "a", "b")
	return readFile(t, h.write(t, layout{}))
}

// entries lists a directory.
func entries(t testing.TB, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// saveTo saves to the file at path, as snapshot save does.
func saveTo(ctx context.Context, src io.Reader, path string, o SaveOptions) (_ SaveResult, err error) {
	out, err := output.Create(ctx, path)
	if err != nil {
		return SaveResult{}, err
	}
	defer func() { err = errors.Join(err, out.Abort()) }()
	return Save(ctx, src, out, o)
}

func TestSave(t *testing.T) {
	t.Parallel()
	want := streamed(t)
	for _, tc := range []struct {
		name   string
		reader func(io.Reader) io.Reader
		before []string // files that exist
	}{
		{name: "plain", reader: func(r io.Reader) io.Reader { return r }},
		{name: "byte by byte", reader: iotest.OneByteReader},
		{name: "data with the end", reader: iotest.DataErrReader},
		{name: "over an old file and a leftover", reader: iotest.HalfReader, before: []string{"s.db", "s.db.part"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range tc.before {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var progress []int64
			res, err := saveTo(t.Context(), tc.reader(bytes.NewReader(want)), filepath.Join(dir, "s.db"), SaveOptions{
				Progress: func(n int64) { progress = append(progress, n) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := readFile(t, filepath.Join(dir, "s.db")); !bytes.Equal(got, want) {
				t.Error("another file was written")
			}
			if names := entries(t, dir); !slices.Equal(names, []string{"s.db"}) {
				t.Errorf("left %v", names)
			}
			if info, err := os.Stat(filepath.Join(dir, "s.db")); err != nil || info.Mode() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			size := int64(len(want))
			if res.Size != size || !bytes.Equal(res.SHA256[:], want[size-sha256.Size:]) {
				t.Errorf("result %+v", res)
			}
			if !slices.IsSorted(progress) || progress[len(progress)-1] != size {
				t.Errorf("progress %v", progress)
			}
		})
	}
}

// TestSaveFailures must leave what was there, and nothing else.
func TestSaveFailures(t *testing.T) {
	t.Parallel()
	good := streamed(t)
	flipped := slices.Clone(good)
	flipped[len(good)/2] ^= 4
	cut := slices.Clone(good[:len(good)-512])
	sum := sha256.Sum256(nil)
	broken := errors.New("connection lost")
	for _, tc := range []struct {
		name string
		src  io.Reader
		want string
		is   error
	}{
		{"empty", bytes.NewReader(nil), "sha256 checksum not found [bytes: 0]: snapshot has no checksum", ErrNoChecksum},
		{"without sha256", bytes.NewReader(good[:len(good)-32]), fmt.Sprintf("sha256 checksum not found [bytes: %d]: snapshot has no checksum", len(good)-32), ErrNoChecksum},
		{"flipped bit", bytes.NewReader(flipped), "could not write snapshot: expected sha256 ", ErrChecksum},
		{"cut by a sector", bytes.NewReader(cut), "could not write snapshot: expected sha256 ", ErrChecksum},
		{"sha256 of nothing", bytes.NewReader(sum[:]), "could not write snapshot: open snapshot ", ErrCorrupt},
		{"not bbolt", bytes.NewReader(withSum(make([]byte, 8192))), "could not write snapshot: open snapshot ", ErrCorrupt},
		{"broken off", io.MultiReader(bytes.NewReader(good[:300_000]), iotest.ErrReader(broken)), "could not write snapshot: connection lost", broken},
		{"broken at the start", iotest.ErrReader(broken), "could not write snapshot: connection lost", broken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "s.db")
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := saveTo(t.Context(), tc.src, path, SaveOptions{})
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) || !errors.Is(err, tc.is) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
			if names := entries(t, dir); !slices.Equal(names, []string{"s.db"}) || string(readFile(t, path)) != "old" {
				t.Errorf("left %v", names)
			}
		})
	}
}

// TestSaveCanceled ends the context after every piece in turn.
func TestSaveCanceled(t *testing.T) {
	t.Parallel()
	data := streamed(t)
	for stop := int64(0); ; stop++ {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		pieces := int64(0)
		_, err := saveTo(ctx, iotest.HalfReader(bytes.NewReader(data)), filepath.Join(dir, "s.db"), SaveOptions{
			Progress: func(int64) {
				if pieces++; pieces > stop {
					cancel()
				}
			},
		})
		cancel()
		if err == nil {
			if stop == 0 {
				t.Error("was never canceled")
			}
			return
		}
		if names := entries(t, dir); !errors.Is(err, context.Canceled) || len(names) > 0 {
			t.Fatalf("after %d pieces: %v, left %v", stop, err, names)
		}
	}
}

func TestSaveToNowhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := saveTo(t.Context(), bytes.NewReader(streamed(t)), filepath.Join(dir, "no", "s.db"), SaveOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing directory: %v", err)
	}
	_, err := saveTo(t.Context(), bytes.NewReader(streamed(t)), dir, SaveOptions{})
	if err == nil || err.Error() != fmt.Sprintf("could not write %s: is a directory", dir) {
		t.Errorf("a directory: %v", err)
	}
	if names := entries(t, dir); len(names) > 0 {
		t.Errorf("left %v", names)
	}
}

func TestTrailingSum(t *testing.T) {
	t.Parallel()
	data := make([]byte, 200)
	for i := range data {
		data[i] = byte(i)
	}
	for size := sha256.Size; size <= len(data); size += 7 {
		for piece := 1; piece <= size; piece++ {
			s := newTrailingSum()
			for part := range slices.Chunk(data[:size], piece) {
				if n, err := s.Write(part); n != len(part) || err != nil {
					t.Fatal(n, err)
				}
			}
			want := sha256.Sum256(data[:size-sha256.Size])
			if !bytes.Equal(s.end[:], data[size-sha256.Size:size]) || !bytes.Equal(s.h.Sum(nil), want[:]) {
				t.Fatalf("%d bytes in pieces of %d", size, piece)
			}
		}
	}
}
