package raftlog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"etcdkit/snapshot/internal/wire"
)

const (
	frameSize  = 8
	sectorSize = 512
	// maxRecord bounds a record in bytes. A request of a client is 1.5 MiB at
	// most unless the server was told otherwise, and gRPC stops at 2 GiB.
	maxRecord = 1 << 30
	readSize  = 1 << 20
)

// Types of records.
const (
	metadataRecord = 1
	entryRecord    = 2
	stateRecord    = 3
	crcRecord      = 4
	markRecord     = 5
)

// errTorn ends a file whose last record was not written to its end.
var errTorn = errors.New("torn record")

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// record is one record; data is good until the next one is read.
type record struct {
	kind int64
	crc  uint32
	data []byte
}

// decoder reads the records of one file.
type decoder struct {
	r    *bufio.Reader
	name string
	size int64 // of the file
	off  int64 // of the frame that comes next
	crc  uint32
	buf  []byte
}

// newDecoder reads from r, a file of size bytes; crc is where the file before
// it has ended.
func newDecoder(r io.Reader, name string, size int64, crc uint32) *decoder {
	return &decoder{r: bufio.NewReaderSize(r, int(min(size+1, readSize))), name: name, size: size, crc: crc}
}

// next returns the next record, io.EOF after the last one, and errTorn where
// the last one is torn.
func (d *decoder) next() (record, error) {
	frame, err := d.r.Peek(frameSize)
	switch {
	case len(frame) == 0 && errors.Is(err, io.EOF):
		return record{}, io.EOF
	case errors.Is(err, io.EOF):
		return record{}, errTorn
	case err != nil:
		return record{}, err
	}
	head := binary.LittleEndian.Uint64(frame)
	if head == 0 {
		return record{}, d.rest()
	}
	length, pad := int64(head&(1<<56-1)), int64(0)
	if head>>63 == 1 {
		pad = int64(head >> 56 & 7)
	}
	switch {
	case length > maxRecord:
		return record{}, d.damage("a record of %d bytes", length)
	case length+pad > d.size-d.off-frameSize:
		return record{}, errTorn
	}
	d.buf = slices.Grow(d.buf[:0], frameSize+int(length+pad))[:frameSize+length+pad]
	if _, err := io.ReadFull(d.r, d.buf); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return record{}, errTorn // it has become shorter
	} else if err != nil {
		return record{}, err
	}
	rec, err := parseRecord(d.buf[frameSize:][:length])
	if err == nil {
		err = d.checkCRC(rec)
	}
	if err != nil {
		if torn(d.buf[frameSize:], d.off+frameSize) {
			return record{}, errTorn
		}
		return record{}, d.damage("%v", err)
	}
	d.off += frameSize + length + pad
	return rec, nil
}

// rest is io.EOF where nothing was written after the last record, and errTorn
// where something was.
func (d *decoder) rest() error {
	for {
		b, err := d.r.Peek(d.r.Size())
		if slices.ContainsFunc(b, func(b byte) bool { return b != 0 }) {
			return errTorn
		}
		if err != nil {
			return err
		}
		if _, err := d.r.Discard(len(b)); err != nil {
			return err
		}
	}
}

// checkCRC adds the record to the checksum and compares.
func (d *decoder) checkCRC(rec record) error {
	if rec.kind == crcRecord {
		// The first file there is may not be the first there was.
		if d.crc != 0 && d.crc != rec.crc {
			return fmt.Errorf("the checksum carried over is %#x, and that of the file before %#x", rec.crc, d.crc)
		}
		d.crc = rec.crc
		return nil
	}
	if sum := crc32.Update(d.crc, castagnoli(), rec.data); sum != rec.crc {
		return fmt.Errorf("the record's checksum is %#x, and that of its data %#x", rec.crc, sum)
	}
	d.crc = rec.crc
	return nil
}

func (d *decoder) damage(format string, args ...any) error {
	return &DamageError{File: d.name, Offset: d.off, Detail: fmt.Sprintf(format, args...)}
}

// torn reports whether a part of a record that begins at off was never written:
// a whole sector of it is zero (server/storage/wal, decoder.go).
func torn(data []byte, off int64) bool {
	for len(data) > 0 {
		n := min(int64(len(data)), sectorSize-off%sectorSize)
		if !slices.ContainsFunc(data[:n], func(b byte) bool { return b != 0 }) {
			return true
		}
		data, off = data[n:], off+n
	}
	return false
}

func parseRecord(b []byte) (record, error) {
	var rec record
	err := wire.Fields(b, func(f wire.Field) error {
		switch f.Num {
		case 1:
			rec.kind = int64(f.Varint)
		case 2:
			rec.crc = uint32(f.Varint)
		case 3:
			rec.data = f.Bytes
		}
		return nil
	})
	return rec, err
}
