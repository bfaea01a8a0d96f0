package raftlog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/internal/output"
)

// SegmentSize is the size, in bytes, that a server reserves for a file of its
// WAL, so that appending does not change the file's size.
const SegmentSize = 64 * 1000 * 1000

// Kind is the type of a record that a Writer appends.
type Kind int64

// The kinds of records. The data of each is raft's message of this name, that
// of a mark is walpb.Snapshot.
const (
	Entries    Kind = entryRecord
	HardStates Kind = stateRecord
	Marks      Kind = markRecord
)

// Writer writes a new WAL of one file, to which a server appends. It does not
// sync: the publisher of the directory does.
type Writer struct {
	f   *os.File
	w   *bufio.Writer
	crc uint32
}

// Create makes the directory dir, which must not exist, and the first file of a
// WAL in it, for a member with this metadata. The caller closes it.
func Create(dir string, metadata []byte) (*Writer, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%016x-%016x.wal", 0, 0)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	w := &Writer{f: f, w: bufio.NewWriterSize(f, readSize)}
	err = output.Reserve(f, SegmentSize)
	if err == nil {
		err = f.Truncate(SegmentSize) // where room can't be reserved
	}
	if err == nil {
		err = w.frame(crcRecord, nil)
	}
	if err == nil {
		err = w.Append(metadataRecord, metadata)
	}
	if err == nil {
		err = w.Append(Marks, emptyMark())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// emptyMark is the mark of no raft snapshot, with which every WAL begins.
func emptyMark() []byte {
	var b []byte
	for _, num := range []protowire.Number{1, 2} {
		b = protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), 0)
	}
	return b
}

// Append appends a record.
func (w *Writer) Append(k Kind, data []byte) error {
	w.crc = crc32.Update(w.crc, castagnoli(), data)
	return w.frame(k, data)
}

func (w *Writer) frame(k Kind, data []byte) error {
	rec := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(k))
	rec = protowire.AppendVarint(protowire.AppendTag(rec, 2, protowire.VarintType), uint64(w.crc))
	if data != nil {
		rec = protowire.AppendBytes(protowire.AppendTag(rec, 3, protowire.BytesType), data)
	}
	pad := -len(rec) & (frameSize - 1)
	head := uint64(len(rec))
	if pad > 0 {
		head |= uint64(0x80|pad) << 56
	}
	var b [frameSize]byte
	binary.LittleEndian.PutUint64(b[:], head)
	_, _ = w.w.Write(b[:]) // the last error of a bufio.Writer stays
	_, _ = w.w.Write(rec)
	_, err := w.w.Write(make([]byte, pad))
	return err
}

// Close writes the buffered records and closes the file.
func (w *Writer) Close() error { return errors.Join(w.w.Flush(), w.f.Close()) }

// WriteSnapshot writes a raft snapshot, given as raft's message, to a new file
// in dir.
func WriteSnapshot(dir string, m Mark, message []byte) error {
	b := protowire.AppendTag(nil, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(crc32.Checksum(message, castagnoli())))
	b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), message)
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%016x-%016x.snap", m.Term, m.Index)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
