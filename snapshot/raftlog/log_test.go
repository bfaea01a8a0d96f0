package raftlog_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/waltest"
	"etcdkit/snapshot/raftlog"
)

// entries are "index/term:data" of all entries after an index.
func entries(t testing.TB, l *raftlog.Log, after uint64) ([]string, error) {
	t.Helper()
	var all []string
	err := l.Entries(t.Context(), after, func(e raftlog.Entry) error {
		all = append(all, fmt.Sprintf("%d/%d:%s", e.Index, e.Term, e.Data))
		return nil
	})
	return all, err
}

// whole is a WAL of two files in which raft has replaced entry 3, and a third
// mark is beyond the committed index.
func whole(t testing.TB) (dir string, files []*waltest.Segment) {
	t.Helper()
	dir = t.TempDir()
	one := waltest.NewSegment(0).Mark(0, 0).Entry(0, 1, 1, []byte("a")).State(1, 7, 1).
		Entry(0, 1, 2, []byte("b")).Entry(0, 1, 3, []byte("lost")).Entry(0, 1, 4, []byte("lost")).Mark(2, 1)
	two := waltest.NewSegment(one.CRC()).State(2, 7, 2).
		Entry(0, 2, 3, []byte("c")).State(2, 7, 3).Entry(0, 2, 4, []byte("d")).Mark(4, 2)
	one.Write(t, dir, 0, 0)
	two.Bytes = append(two.Bytes, make([]byte, 4096)...)
	two.Write(t, dir, 1, 3)
	waltest.WriteFile(t, dir, "1.tmp", []byte("what etcd prepares"))
	return dir, []*waltest.Segment{one, two}
}

func TestLog(t *testing.T) {
	t.Parallel()
	dir, _ := whole(t)
	l, err := raftlog.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := (raftlog.HardState{Term: 2, Vote: 7, Commit: 3}); l.State != want || l.Last != 4 || l.Torn != "" {
		t.Errorf("%+v, last %d, torn %q", l.State, l.Last, l.Torn)
	}
	if want := []raftlog.Mark{{}, {Index: 2, Term: 1}}; !slices.Equal(l.Marks, want) || l.LatestMark() != want[1] {
		t.Errorf("marks %v", l.Marks)
	}
	for after, want := range [][]string{{"1/1:a", "2/1:b", "3/2:c", "4/2:d"}, {"2/1:b", "3/2:c", "4/2:d"}, {"3/2:c", "4/2:d"}, {"4/2:d"}, nil} {
		if got, err := entries(t, l, uint64(after)); err != nil || !slices.Equal(got, want) {
			t.Errorf("after %d: %q, %v", after, got, err)
		}
	}
	stop := errors.New("enough")
	if err := l.Entries(t.Context(), 0, func(raftlog.Entry) error { return stop }); err != stop { //nolint:errorlint // unchanged
		t.Errorf("got %v", err)
	}
}

func TestLogErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := raftlog.Open(t.Context(), filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := raftlog.Open(t.Context(), dir); !errors.Is(err, raftlog.ErrNoLog) {
		t.Errorf("got %v", err)
	}
	for _, tc := range []struct {
		name string
		make func(dir string) *waltest.Segment
		want string // after the path
	}{
		{"a gap in the files", func(dir string) *waltest.Segment {
			waltest.NewSegment(0).Write(t, dir, 7, 0)
			return waltest.NewSegment(0)
		}, "the file before it in the sequence is missing"},
		{"a gap in the entries", func(string) *waltest.Segment {
			return waltest.NewSegment(0).Entry(0, 1, 1, nil).Entry(0, 1, 3, nil)
		}, "before this: entry 3 follows entry 1"},
		{"begins too late", func(string) *waltest.Segment { return waltest.NewSegment(5).Entry(0, 1, 12, nil) },
			"the WAL begins at entry 12, and entry 1 is needed"},
		{"an unknown record", func(string) *waltest.Segment { return waltest.NewSegment(0).Add(9, nil) }, "before this: a record of type 9"},
		{"another cluster", func(string) *waltest.Segment { return waltest.NewSegment(0).Add(1, []byte("other")) },
			"before this: the metadata is not that of the file before"},
		{"an entry that is none", func(string) *waltest.Segment { return waltest.NewSegment(0).Add(2, []byte{0xff}) }, "before this: unexpected EOF"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			index := 0
			if tc.name == "begins too late" {
				index = 12
			}
			path := tc.make(dir).Write(t, dir, 9, index)
			l, err := raftlog.Open(t.Context(), dir)
			if err == nil {
				_, err = entries(t, l, 0)
			}
			if !errors.Is(err, snapshot.ErrCorrupt) || !strings.HasPrefix(err.Error(), "corrupt file "+path+": ") || !strings.HasSuffix(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestDamage flips each bit of a WAL, and truncates its last file at each byte:
// the result is an error, or torn at its end, or the original contents. Only
// changes of record types, which no checksum covers, and truncation between
// records can go unnoticed.
func TestDamage(t *testing.T) {
	t.Parallel()
	dir, files := whole(t)
	l, err := raftlog.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want, err := entries(t, l, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"0000000000000000-0000000000000000.wal", "0000000000000001-0000000000000003.wal"}
	bad := t.TempDir()
	read := func(file int, b []byte) (got []string, torn bool, err error) {
		waltest.WriteFile(t, bad, names[1-file], files[1-file].Bytes)
		waltest.WriteFile(t, bad, names[file], b)
		l, err := raftlog.Open(t.Context(), bad)
		if err == nil {
			got, err = entries(t, l, 0)
			torn = l.Torn != ""
		}
		if err != nil && !errors.Is(err, snapshot.ErrCorrupt) {
			t.Error(err)
		}
		return got, torn, err
	}
	for file, s := range files {
		starts := frames(s.Bytes)
		end := starts[len(starts)-1]
		for at := range end {
			for _, bit := range []int{0, 4, 7} {
				if slices.Contains(starts, at-9) { // the record's type
					continue
				}
				b := slices.Clone(s.Bytes)
				b[at] ^= 1 << bit
				got, torn, err := read(file, b)
				if err == nil && (!torn || file == 0) && !slices.Equal(got, want) {
					t.Errorf("file %d, bit %d of byte %d: %q", file, bit, at, got)
				}
			}
			if file == 0 || slices.Contains(starts, at) {
				continue
			}
			if _, torn, err := read(file, s.Bytes[:at]); err != nil || !torn {
				t.Errorf("cut at %d: torn %v, %v", at, torn, err)
			}
		}
	}
}

// frames are where the records begin, and where the last one ends.
func frames(b []byte) (starts []int) {
	at := 0
	for at+8 <= len(b) && binary.LittleEndian.Uint64(b[at:]) != 0 {
		starts = append(starts, at)
		head := binary.LittleEndian.Uint64(b[at:])
		at += 8 + int(head&0xffffffff) + int(head>>56&7)
	}
	return append(starts, at)
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	dir, _ := whole(t)
	l, err := raftlog.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	snaps := t.TempDir()
	if s, err := l.Snapshot(snaps); s != nil || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
	waltest.Snapshot(t, snaps, 2, 4, []byte("not committed"))
	waltest.Snapshot(t, snaps, 9, 9, []byte("not marked"))
	path := waltest.Snapshot(t, snaps, 1, 2, []byte("data"))
	s, err := l.Snapshot(snaps)
	if err != nil || string(s.Data) != "data" || s.Mark != (raftlog.Mark{Index: 2, Term: 1}) || s.Path != path {
		t.Errorf("%+v, %v", s, err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range good {
		bad := slices.Clone(good)
		bad[at] ^= 4
		waltest.WriteFile(t, snaps, filepath.Base(path), bad)
		if s, err := l.Snapshot(snaps); !errors.Is(err, snapshot.ErrCorrupt) {
			t.Errorf("byte %d: %+v, %v", at, s, err)
		}
	}
	waltest.WriteFile(t, snaps, filepath.Base(path), waltest.Message(1, 0))
	if _, err := l.Snapshot(snaps); !errors.Is(err, snapshot.ErrCorrupt) {
		t.Errorf("empty: %v", err)
	}
}
