package raftlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Log is a WAL that was read once, from its first record to its last.
type Log struct {
	// Metadata is the message of the cluster's and the member's id.
	Metadata []byte
	// State is the last hard state.
	State HardState
	// Marks are those of raft snapshots, in the order of the WAL, so far as
	// they are committed.
	Marks []Mark
	// First is the index from which Entries can read to the end, 0 if there is
	// no entry: that of the first one, or of the one after a raft snapshot that
	// the member has received in place of entries.
	First uint64
	// Last is the index of the last entry, 0 if there is none, and LastTerm its
	// term.
	Last, LastTerm uint64
	// Torn is the file whose last record was not written to its end; "" where
	// none is.
	Torn string

	dir      string
	segments []segment
}

// segment is a file of the WAL.
type segment struct {
	path     string
	sequence uint64
	index    uint64 // of its first entry
	crc      uint32 // where the file before has ended
}

// Open reads the WAL in dir. An error that is not the operating system's
// matches ErrNoLog or snapshot.ErrCorrupt.
func Open(ctx context.Context, dir string) (*Log, error) {
	segments, err := segmentsOf(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{dir: dir, segments: segments}
	var crc uint32
	for i := range l.segments {
		l.segments[i].crc = crc
		if crc, err = l.read(ctx, i, l.note); err != nil {
			return nil, err
		}
	}
	l.Marks = slices.DeleteFunc(l.Marks, func(m Mark) bool { return m.Index > l.State.Commit })
	return l, nil
}

// segmentsOf lists the files of a WAL in their order.
func segmentsOf(dir string) ([]segment, error) {
	names, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, err
	}
	var all []segment
	for _, n := range names {
		s := segment{path: filepath.Join(dir, n.Name())}
		if !parseName(n.Name(), ".wal", &s.sequence, &s.index) {
			continue
		}
		if last := len(all) - 1; last >= 0 && s.sequence != all[last].sequence+1 {
			return nil, damaged(s.path, "the file before it in the sequence is missing")
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoLog, dir)
	}
	return all, nil
}

// parseName reads a name of two numbers.
func parseName(name, suffix string, a, b *uint64) bool {
	base, ok := strings.CutSuffix(name, suffix)
	if !ok || len(base) != 33 {
		return false
	}
	_, err := fmt.Sscanf(base, "%016x-%016x", a, b)
	return err == nil
}

// read calls f for each record of a file, and returns the checksum at its end.
func (l *Log) read(ctx context.Context, i int, f func(record) error) (_ uint32, err error) {
	s := l.segments[i]
	file, err := os.Open(s.path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, damaged(s.path, "not a regular file")
	}
	d := newDecoder(file, s.path, info.Size(), s.crc)
	for {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		rec, err := d.next()
		switch {
		case errors.Is(err, io.EOF):
			return d.crc, nil
		case errors.Is(err, errTorn) && i == len(l.segments)-1:
			l.Torn = s.path
			return d.crc, nil
		case errors.Is(err, errTorn):
			return 0, d.damage("the record is cut short")
		case err != nil:
			return 0, err
		}
		if err := f(rec); err != nil {
			return 0, &DamageError{File: s.path, Offset: d.off, Detail: "before this: " + err.Error()}
		}
	}
}

// note updates the Log with a record.
func (l *Log) note(rec record) error {
	var err error
	switch rec.kind {
	case metadataRecord:
		if l.Metadata != nil && !bytes.Equal(l.Metadata, rec.data) {
			return errors.New("the metadata is not that of the file before")
		}
		l.Metadata = bytes.Clone(rec.data)
	case entryRecord:
		var e Entry
		e, err = parseEntry(rec.data)
		if l.First == 0 || e.Index < l.First || e.Index > l.Last+1 && l.marked(e.Index-1) {
			l.First = e.Index
		}
		l.Last, l.LastTerm = e.Index, e.Term
	case stateRecord:
		l.State, err = parseState(rec.data)
	case markRecord:
		var m Mark
		m, err = parseMark(rec.data)
		l.Marks = append(l.Marks, m)
	case crcRecord:
	default:
		err = fmt.Errorf("a record of type %d", rec.kind)
	}
	return err
}

// marked reports whether the last mark read so far is that of this index.
func (l *Log) marked(index uint64) bool { return l.LatestMark().Index == index }

// LatestMark returns the last mark, zero if there is none.
func (l *Log) LatestMark() Mark {
	if len(l.Marks) == 0 {
		return Mark{}
	}
	return l.Marks[len(l.Marks)-1]
}

// End returns the index that the WAL reaches: that of its last entry, or of a
// raft snapshot that replaces the entries.
func (l *Log) End() uint64 { return max(l.Last, l.LatestMark().Index) }

// Reaches checks that the WAL has all entries up to the last one that the
// database has applied. A truncated WAL may otherwise look complete.
func (l *Log) Reaches(applied uint64) error {
	if l.End() >= applied {
		return nil
	}
	return damaged(l.dir, "the WAL ends at entry %d, and the database has seen entry %d", l.End(), applied)
}

// Bad returns the error for an entry that can't be parsed, nil if err is nil.
func (l *Log) Bad(e Entry, err error) error {
	if err == nil {
		return nil
	}
	return damaged(l.dir, "entry %d: %v", e.Index, err)
}

// Dir is the directory of the WAL.
func (l *Log) Dir() string { return l.dir }
