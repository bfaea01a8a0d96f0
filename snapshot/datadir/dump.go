package datadir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"etcdkit/snapshot"
	"etcdkit/snapshot/raftlog"
)

// WALEntry is an entry of a WAL, described.
type WALEntry struct {
	Index, Term uint64
	Committed   bool   // known to be
	Type        string // normal, conf-change
	Op          string // such as put; "" for the empty entry of a new leader
	Key, End    []byte // of a request for one key or range
	Size        int    // of the values, in bytes
	Lease       int64
	Text        string // the request in words, without values and passwords
}

// DumpOptions say which WAL to dump.
type DumpOptions struct {
	WALDir string        // member/wal in the directory, if empty
	Wait   time.Duration // how long to wait for the lock on the database; 0 is without end
}

// Dump calls f for each entry of the WAL of a data directory that no server is
// using, in their order and each index once. An entry is committed up to the
// commit index of the WAL, its last raft snapshot, or the consistent index of
// the database, whichever is highest. Without a database the WAL alone is read.
// It returns the file whose last record is torn, "" if none is.
//
// Its memory is proportional to the entries between two hard states.
func Dump(ctx context.Context, dir string, o DumpOptions, f func(WALEntry) error) (torn string, err error) {
	walDir := cmp.Or(o.WALDir, snapshot.DataDirWAL(dir))
	var stored uint64
	switch file, err := snapshot.OpenLocked(ctx, snapshot.DataDirFile(dir), o.Wait); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	default:
		defer func() { _ = file.Close() }() // it was only read
		if stored, err = file.ConsistentIndex(ctx); err != nil {
			return "", err
		}
	}
	log, err := raftlog.Open(ctx, walDir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: name the data directory, and with --wal-dir the directory of the WAL if it is elsewhere", err)
	}
	if err != nil || log.First == 0 {
		return "", err
	}
	commit := max(log.State.Commit, log.LatestMark().Index, stored)
	return log.Torn, log.Entries(ctx, log.First-1, func(e raftlog.Entry) error {
		d, err := describe(e)
		if err != nil {
			return log.Bad(e, err)
		}
		d.Committed = e.Index <= commit
		return f(d)
	})
}

// describe describes an entry.
func describe(e raftlog.Entry) (WALEntry, error) {
	d := WALEntry{Index: e.Index, Term: e.Term, Type: "normal"}
	decoded, err := decode(e)
	switch {
	case err != nil:
		return d, err
	case decoded.change != nil:
		d.Type = "conf-change"
		d.change(decoded.change)
	case decoded.v2 != nil:
		d.Op, d.Text = "v2", "v2 "+decoded.v2.Method+" "+quote([]byte(decoded.v2.Path))
		d.Size = len(decoded.v2.Value)
	case decoded.request != nil:
		d.request(decoded.request)
	default:
		d.Text = "new leader"
	}
	return d, nil
}
