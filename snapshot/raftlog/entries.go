package raftlog

import (
	"bytes"
	"context"
	"fmt"
)

// Entries calls f for the entries after an index, in their order and each index
// once: an entry that raft has replaced is left out. Those above the committed
// index may still be replaced when the server starts. f may keep an entry's
// data. An error of f ends the reading and is returned unchanged.
//
// Its memory is proportional to the entries between two hard states.
func (l *Log) Entries(ctx context.Context, after uint64, f func(Entry) error) error {
	first := -1
	for i, s := range l.segments {
		if s.index <= after+1 {
			first = i
		}
	}
	if first < 0 {
		return damaged(l.segments[0].path, "the WAL begins at entry %d, and entry %d is needed", l.segments[0].index, after+1)
	}
	w := window{next: after + 1, f: f}
	for i := first; i < len(l.segments); i++ {
		_, err := l.read(ctx, i, w.record)
		if w.err != nil {
			return w.err
		}
		if err != nil {
			return err
		}
	}
	w.pass(uint64(len(w.pending)))
	return w.err
}

// window holds the entries that may still be replaced.
type window struct {
	next    uint64 // index of the first one
	pending []Entry
	f       func(Entry) error
	err     error // of f
}

func (w *window) record(rec record) error {
	switch rec.kind {
	case entryRecord:
		e, err := parseEntry(rec.data)
		if err != nil {
			return err
		}
		e.Data = bytes.Clone(e.Data)
		return w.add(e)
	case stateRecord:
		s, err := parseState(rec.data)
		if err != nil {
			return err
		}
		if s.Commit >= w.next {
			w.pass(min(s.Commit-w.next+1, uint64(len(w.pending))))
		}
	}
	return w.err
}

func (w *window) add(e Entry) error {
	switch end := w.next + uint64(len(w.pending)); {
	case e.Index > end:
		return fmt.Errorf("entry %d follows entry %d", e.Index, end-1)
	case e.Index >= w.next:
		w.pending = append(w.pending[:e.Index-w.next], e)
	}
	return nil // one below was passed on, or is not asked for
}

// pass passes on the first n.
func (w *window) pass(n uint64) {
	for _, e := range w.pending[:n] {
		if w.err == nil {
			w.err = w.f(e)
		}
	}
	w.next += n
	w.pending = append(w.pending[:0], w.pending[n:]...)
}
