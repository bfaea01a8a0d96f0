package datadir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/wire"
	"etcdkit/snapshot/raftlog"
)

// Tail says which entries count that are not known to be committed.
type Tail int

// The choices of entries. A cluster of one voter commits all of its entries, and
// they count in any case.
const (
	Committed Tail = iota // those up to the commit index
	All                   // every valid one
)

// Options say how to open a data directory. The zero value reads the committed
// entries of the WAL in the directory, and waits without end for a server that
// uses it.
type Options struct {
	WALDir string        // member/wal in the directory, if empty
	Tail   Tail          // entries to apply
	Wait   time.Duration // how long to wait for the lock on the database; 0 is without end
}

// Dir is an open data directory: its database with what the entries of the WAL
// changed laid over it.
type Dir struct {
	*snapshot.File
	Info
	all      []Member
	revision int64
}

// Info describes a data directory.
type Info struct {
	ClusterID, MemberID uint64
	Term                uint64 // of raft
	Stored              uint64 // the last entry that the database has: its consistent index
	Commit              uint64 // the last entry that is known to be committed
	Last                uint64 // the last entry of the WAL, or of the raft snapshot that it continues from
	LastTerm            uint64 // its term
	Applied             uint64 // the last entry that Dir shows
	// Voters is the number of voting members at the commit index.
	Voters int
	// Uncommitted is the number of applied entries that are not known to be
	// committed, in a cluster of several voters. CommittedRevision is the
	// revision before them: keys that were changed later may be lost.
	Uncommitted       int
	CommittedRevision int64
	// Left is the number of entries after Applied.
	Left int
	// Torn is the file of the WAL whose last record was not written to its end;
	// "" if none is. The server ignores that record.
	Torn string
}

// Open opens a data directory that no server is using, and keeps servers from
// starting on it until Close. Nothing is written. An error about contents
// matches snapshot.ErrCorrupt.
func Open(ctx context.Context, dir string, o Options) (_ *Dir, err error) {
	path := snapshot.DataDirFile(dir)
	walDir := cmp.Or(o.WALDir, snapshot.DataDirWAL(dir))
	file, err := snapshot.OpenLocked(ctx, path, o.Wait)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	return overlay(ctx, file, walDir, o.Tail)
}

// overlay lays what the entries of a WAL change over a database.
func overlay(ctx context.Context, file *snapshot.File, walDir string, tail Tail) (*Dir, error) {
	log, err := raftlog.Open(ctx, walDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: if the WAL is elsewhere, name its directory with --wal-dir; without one, read the database alone, %s", err, file.Path())
	}
	if err != nil {
		return nil, err
	}
	d := &Dir{File: file, Info: Info{Term: log.State.Term, Last: log.Last, LastTerm: log.LastTerm, Torn: log.Torn}}
	if err := d.identify(log); err != nil {
		return nil, err
	}
	if d.Stored, err = file.ConsistentIndex(ctx); err != nil {
		return nil, err
	}
	if err := log.Reaches(d.Stored); err != nil {
		return nil, err
	}
	mark := log.LatestMark()
	if err := d.checkMark(mark, walDir); err != nil {
		return nil, err
	}
	d.Commit = max(log.State.Commit, d.Stored, mark.Index)
	if mark.Index > d.Last {
		d.Last, d.LastTerm = mark.Index, mark.Term
	}
	return d, d.apply(ctx, log, tail)
}

// identify takes the ids from the WAL's metadata.
func (d *Dir) identify(log *raftlog.Log) error {
	return wire.Numbers(log.Metadata, map[protowire.Number]*uint64{1: &d.MemberID, 2: &d.ClusterID})
}

// checkMark checks that the database is not older than the raft snapshot from
// which the WAL continues.
func (d *Dir) checkMark(mark raftlog.Mark, walDir string) error {
	if mark.Index <= d.Stored {
		return nil
	}
	received := filepath.Join(filepath.Dir(d.Path()), fmt.Sprintf("%016x.snap.db", mark.Index))
	if _, err := os.Stat(received); err == nil {
		return fmt.Errorf("the member was about to replace its database, which has seen entry %d, by %s: restore that file with --skip-hash-check", d.Stored, received)
	}
	return &raftlog.DamageError{File: d.Path(), Offset: raftlog.NoOffset,
		Detail: fmt.Sprintf("the database has seen entry %d, and the WAL in %s continues from a snapshot of entry %d", d.Stored, walDir, mark.Index)}
}
