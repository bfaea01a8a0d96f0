package raftlog_test

import (
	"errors"
	"testing"

	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/waltest"
	"etcdkit/snapshot/raftlog"
)

// FuzzLog reads two files of any bytes: entries come in order, and all errors
// are about content.
func FuzzLog(f *testing.F) {
	_, files := whole(f)
	f.Add(files[0].Bytes, files[1].Bytes[:len(files[1].Bytes)-4096])
	f.Fuzz(func(t *testing.T, one, two []byte) {
		dir := t.TempDir()
		waltest.WriteFile(t, dir, "0000000000000000-0000000000000000.wal", one)
		waltest.WriteFile(t, dir, "0000000000000001-0000000000000003.wal", two)
		l, err := raftlog.Open(t.Context(), dir)
		if err == nil {
			next := uint64(1)
			err = l.Entries(t.Context(), 0, func(e raftlog.Entry) error {
				if e.Index != next {
					t.Errorf("entry %d in place of %d", e.Index, next)
				}
				next++
				return nil
			})
		}
		if err != nil && !errors.Is(err, snapshot.ErrCorrupt) {
			t.Error(err)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	f.Add(waltest.Message(1, 0, 2, waltest.Message(1, "data", 2, waltest.Message(2, 2, 3, 1))))
	log, _ := whole(f)
	l, err := raftlog.Open(f.Context(), log)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		waltest.WriteFile(t, dir, "0000000000000001-0000000000000002.snap", b)
		if s, err := l.Snapshot(dir); err != nil && !errors.Is(err, snapshot.ErrCorrupt) || err == nil && s == nil {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
