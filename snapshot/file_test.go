package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// setMeta changes a meta page and makes its checksum right again.
func setMeta(b []byte, at int, change func(fields []byte)) {
	fields := b[at+pageHeaderSize : at+pageHeaderSize+metaSize]
	change(fields)
	h := fnv.New64a()
	h.Write(fields[:56])
	binary.NativeEndian.PutUint64(fields[56:], h.Sum64())
}

func put64(off int, v uint64) func([]byte) {
	return func(b []byte) { binary.NativeEndian.PutUint64(b[off:], v) }
}

func TestOpenPicksMeta(t *testing.T) {
	t.Parallel()
	const pageSize = 2048
	h := newHistory()
	h.put("v", "a", "b")
	good := readFile(t, h.write(t, layout{pageSize: pageSize, plain: true}))
	at := func(page int) int { return page * pageSize }
	newer := 0 // the page of the higher transaction id
	if binary.NativeEndian.Uint64(good[at(1)+pageHeaderSize+48:]) > binary.NativeEndian.Uint64(good[pageHeaderSize+48:]) {
		newer = 1
	}
	for _, tc := range []struct {
		name   string
		damage func([]byte) []byte
		want   string // of the error
	}{
		{name: "as it is", damage: func(b []byte) []byte { return b }},
		{name: "first bad", damage: func(b []byte) []byte { b[pageHeaderSize] ^= 1; return b }},
		{name: "first zero", damage: func(b []byte) []byte { clear(b[:pageSize]); return b }},
		{name: "second bad", damage: func(b []byte) []byte { b[at(1)+pageHeaderSize+60] ^= 0x80; return b }},
		{name: "version", damage: func(b []byte) []byte {
			setMeta(b, at(newer), func(m []byte) { m[4] = 3 })
			return b
		}},
		{name: "newer has another page size", damage: func(b []byte) []byte {
			setMeta(b, at(1), func(m []byte) { binary.NativeEndian.PutUint32(m[8:], 4096); put64(48, 99)(m) })
			return b
		}, want: "corrupt snapshot: page 1: a page size of 4096 bytes"},
		{name: "first bad, second elsewhere", damage: func(b []byte) []byte {
			b[pageHeaderSize] ^= 1
			setMeta(b, at(1), func(m []byte) { binary.NativeEndian.PutUint32(m[8:], 1024) })
			return b
		}, want: "corrupt snapshot: page 1: a page size of 1024 bytes"},
		{name: "both bad", damage: func(b []byte) []byte { b[pageHeaderSize+8] ^= 1; b[at(1)+pageHeaderSize+8] ^= 1; return b },
			want: "corrupt snapshot: not a bbolt file: no valid meta page in 10240 bytes"},
		{name: "empty", damage: func([]byte) []byte { return nil },
			want: "corrupt snapshot: not a bbolt file: no valid meta page in 0 bytes"},
		{name: "one byte", damage: func(b []byte) []byte { return b[:1] },
			want: "corrupt snapshot: not a bbolt file: no valid meta page in 1 bytes"},
		{name: "a sha256 alone", damage: func(b []byte) []byte { return b[:32] },
			want: "corrupt snapshot: not a bbolt file: no valid meta page in 32 bytes"},
		{name: "text", damage: func([]byte) []byte { return []byte("-----BEGIN CERTIFICATE-----\n") },
			want: "corrupt snapshot: not a bbolt file: no valid meta page in 28 bytes"},
		{name: "cut", damage: func(b []byte) []byte { return b[:len(b)-pageSize] },
			want: "corrupt snapshot: page 0: 5 pages of 2048 bytes are in use, but the file has 8192 bytes"},
		{name: "end past the file", damage: func(b []byte) []byte { setMeta(b, at(newer), put64(40, 1<<60)); return b },
			want: fmt.Sprintf("corrupt snapshot: page %d: 1152921504606846976 pages of 2048 bytes are in use, but the file has 10240 bytes", newer)},
		{name: "root past the end", damage: func(b []byte) []byte { setMeta(b, at(newer), put64(16, 5)); return b },
			want: fmt.Sprintf("corrupt snapshot: page %d: root bucket at page 5, outside the pages in use (2 to 5)", newer)},
		{name: "root on a meta page", damage: func(b []byte) []byte { setMeta(b, at(newer), put64(16, 1)); return b },
			want: fmt.Sprintf("corrupt snapshot: page %d: root bucket at page 1, outside the pages in use (2 to 5)", newer)},
		{name: "page size of 3000", damage: func(b []byte) []byte {
			setMeta(b, 0, func(m []byte) { binary.NativeEndian.PutUint32(m[8:], 3000) })
			return b
		}, want: "corrupt snapshot: page 0: a page size of 3000 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := writeFile(t, tc.damage(slices.Clone(good)))
			if r, err := Verify(t.Context(), path); err != nil || (len(r.Faults) == 0) != (tc.name == "as it is") {
				t.Errorf("Verify: %+v, %v", r, err)
			}
			f, err := Open(path)
			if tc.want != "" {
				want := "open snapshot " + path + ": " + tc.want
				if err == nil || err.Error() != want || !errors.Is(err, ErrCorrupt) {
					t.Errorf("got  %v\nwant %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if f.PageSize() != pageSize {
				t.Errorf("page size %d", f.PageSize())
			}
		})
	}
}

func TestOpenOtherThanFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Open(dir); err == nil || err.Error() != dir+" is a directory, not a snapshot: give a data directory with --data-dir, or the file member/snap/db in it" {
		t.Errorf("directory: %v", err)
	}
}

func TestFileParts(t *testing.T) {
	t.Parallel()
	path := newHistory().write(t, layout{})
	all := readFile(t, path)
	f := open(t, path)
	data, err := io.ReadAll(f.Data())
	if err != nil {
		t.Fatal(err)
	}
	sum := f.Checksum()
	switch {
	case !slices.Equal(append(data, sum[:]...), all):
		t.Error("Data and Checksum are not the file")
	case f.Size() != int64(len(all)) || f.DataSize() != int64(len(data)) || f.Path() != path || !f.HasChecksum():
		t.Errorf("size %d, data %d, path %s, checksum %v", f.Size(), f.DataSize(), f.Path(), f.HasChecksum())
	}
	if err := f.Unchanged(); err != nil {
		t.Error(err)
	}
}
