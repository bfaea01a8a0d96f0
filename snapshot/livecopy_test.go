package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
)

// A damaged freelist is found where it is needed, and does not stop a read.
func TestDamagedFreelist(t *testing.T) {
	t.Parallel()
	const farAway = 1 << 50
	plain := specimen(t, true)
	list := kinds(plain)["freelist"]
	for name, damage := range map[string]func([]byte){
		"contents": func(b []byte) { b[list[len(list)-1]*1024+pageHeaderSize] ^= 0xff },
		"place": func(b []byte) {
			for _, meta := range []int{0, 1024} {
				setMeta(b, meta, func(m []byte) { binary.NativeEndian.PutUint64(m[32:], farAway) })
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bytes.Clone(plain)
			damage(b)
			f := open(t, writeFile(t, b))
			if err := f.CheckFreelist(); !errors.Is(err, ErrCorrupt) {
				t.Errorf("CheckFreelist: %v", err)
			}
			if _, err := f.Status(t.Context()); !errors.Is(err, ErrCorrupt) {
				t.Errorf("Status: %v", err)
			}
			whole := open(t, writeFile(t, plain))
			if got, want := readKeys(t, f, 0, Range{}, sortBudget), readKeys(t, whole, 0, Range{}, sortBudget); got != want || want == "" {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

// A copy is read without the original, and refused if the original changes during
// every copying.
func TestOpenCopy(t *testing.T) {
	t.Parallel()
	path := writeFile(t, specimen(t, false))
	want := readKeys(t, open(t, path), 0, Range{}, sortBudget)
	f, err := OpenCopy(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := readKeys(t, f, 0, Range{}, sortBudget); got != want || f.Path() != path {
		t.Errorf("%s: got %s\nwant %s", f.Path(), got, want)
	}

	restless := &restlessFile{data: specimen(t, false)}
	if _, err := copyOnce(t.Context(), restless, "restless"); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that changes: %v", err)
	}
	if _, err := OpenCopy(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory: %v", err)
	}
}

// restlessFile begins another transaction while its pages are read.
type restlessFile struct {
	memory
	data []byte
	read int
}

// ReadAt implements io.ReaderAt.
func (r *restlessFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := bytes.NewReader(r.data).ReadAt(b, off)
	if r.read += n; r.read > len(r.data)/2 {
		txid := binary.NativeEndian.Uint64(r.data[pageHeaderSize+48:]) + 2
		setMeta(r.data, 0, func(m []byte) { binary.NativeEndian.PutUint64(m[48:], txid) })
		r.read = 0
	}
	return n, err
}

// Size is that of the data.
func (r *restlessFile) Size() int64 { return int64(len(r.data)) }

// Stat implements Source.
func (r *restlessFile) Stat() (os.FileInfo, error) { return restlessInfo{r}, nil }

type restlessInfo struct{ *restlessFile }

// Size implements fs.FileInfo.
func (r restlessInfo) Size() int64 { return int64(len(r.data)) }
