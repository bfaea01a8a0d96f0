// Package waltest makes WALs, raft snapshots and v2 requests for tests.
package waltest

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message appends fields: those of the numbers in the order given, each a
// uint64, a string or a []byte.
func Message(fields ...any) []byte {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		num := protowire.Number(fields[i].(int))
		switch v := fields[i+1].(type) {
		case uint64:
			b = protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
		case int:
			b = protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(v))
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), v)
		case []byte:
			b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
		default:
			panic(fmt.Sprintf("%T", v))
		}
	}
	return b
}

// Segment is a file of a WAL.
type Segment struct {
	Bytes []byte
	crc   uint32
}

// NewSegment starts a file after one that has ended with a checksum.
func NewSegment(crc uint32) *Segment {
	s := &Segment{crc: crc}
	s.frame(Message(1, 4, 2, uint64(crc)))
	return s.Add(1, Message(1, 7, 2, 9))
}

// Add appends a record of a type.
func (s *Segment) Add(kind int, data []byte) *Segment {
	s.crc = crc32.Update(s.crc, crc32.MakeTable(crc32.Castagnoli), data)
	s.frame(Message(1, kind, 2, uint64(s.crc), 3, data))
	return s
}

// Entry appends an entry.
func (s *Segment) Entry(kind, term, index int, data []byte) *Segment {
	return s.Add(2, Message(1, kind, 2, term, 3, index, 4, data))
}

// State appends a hard state.
func (s *Segment) State(term, vote, commit int) *Segment {
	return s.Add(3, Message(1, term, 2, vote, 3, commit))
}

// Mark appends the mark of a raft snapshot.
func (s *Segment) Mark(index, term int) *Segment { return s.Add(5, Message(1, index, 2, term)) }

// CRC is the checksum that the file has ended with.
func (s *Segment) CRC() uint32 { return s.crc }

func (s *Segment) frame(rec []byte) {
	pad := (8 - len(rec)%8) % 8
	head := uint64(len(rec))
	if pad > 0 {
		head |= uint64(0x80|pad) << 56
	}
	s.Bytes = binary.LittleEndian.AppendUint64(s.Bytes, head)
	s.Bytes = append(append(s.Bytes, rec...), make([]byte, pad)...)
}

// Write writes the file to a WAL's directory.
func (s *Segment) Write(t testing.TB, dir string, sequence, index int) string {
	t.Helper()
	return WriteFile(t, dir, fmt.Sprintf("%016x-%016x.wal", sequence, index), s.Bytes)
}

// Snapshot writes a raft snapshot.
func Snapshot(t testing.TB, dir string, term, index int, data []byte) string {
	t.Helper()
	inner := Message(1, data, 2, Message(2, index, 3, term))
	sum := crc32.Checksum(inner, crc32.MakeTable(crc32.Castagnoli))
	return WriteFile(t, dir, fmt.Sprintf("%016x-%016x.snap", term, index), Message(1, uint64(sum), 2, inner))
}

// WriteFile writes a file in a directory, which it makes.
func WriteFile(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Request is a request of v2 as servers write it: with all fields, and more of
// them after these.
func Request(method, path, value string, more ...any) []byte {
	b := Message(1, 1234, 2, method, 3, path, 4, value, 5, 0, 6, "", 7, 0, 9, 0, 10, 0, 11, 0, 12, 0, 13, 0, 14, 0, 15, 0, 16, 0)
	return append(b, Message(more...)...)
}
