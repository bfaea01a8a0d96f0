package raftlog

import (
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/snapshot/internal/wire"
)

// Types of entries (raft/raftpb, raft.proto).
const (
	EntryNormal       = 0
	EntryConfChange   = 1
	EntryConfChangeV2 = 2
)

// Entry is an entry of raft's log.
type Entry struct {
	Type  int
	Term  uint64
	Index uint64
	Data  []byte
}

// HardState is the state that raft has to persist.
type HardState struct {
	Term, Vote, Commit uint64
}

// Mark says that there is a raft snapshot of this index and term.
type Mark struct {
	Index, Term uint64
}

// parseEntry decodes an entry, whose data points into the message.
func parseEntry(b []byte) (Entry, error) {
	var e Entry
	err := wire.Fields(b, func(f wire.Field) error {
		switch f.Num {
		case 1:
			e.Type = int(f.Varint)
		case 2:
			e.Term = f.Varint
		case 3:
			e.Index = f.Varint
		case 4:
			e.Data = f.Bytes
		}
		return nil
	})
	return e, err
}

func parseState(b []byte) (s HardState, err error) {
	err = wire.Numbers(b, map[protowire.Number]*uint64{1: &s.Term, 2: &s.Vote, 3: &s.Commit})
	return s, err
}

func parseMark(b []byte) (m Mark, err error) {
	err = wire.Numbers(b, map[protowire.Number]*uint64{1: &m.Index, 2: &m.Term})
	return m, err
}
