package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Format is how pairs are laid out in a stream.
type Format int

// The formats.
const (
	JSONLines Format = iota // one object a line; empty lines count as lines, and hold nothing
	NUL                     // key NUL value NUL key NUL ...; each pair counts as a line
)

// Unit is the word that messages use for a pair of the format.
func (f Format) Unit() string {
	if f == NUL {
		return "pair"
	}
	return "line"
}

// byteOrderMark is the prefix that editors on Windows write to UTF-8 files.
const byteOrderMark = "\ufeff"

// MaxLine is the longest line there may be, in bytes.
const MaxLine = 64 << 20

// Position is how far a stream has been read.
type Position struct {
	Lines int64
	Sum   uint32 // CRC-32 of all that was read, by Castagnoli's polynomial
}

// Reader reads pairs. It is for one goroutine.
type Reader struct {
	r      *bufio.Reader
	format Format
	at     Position
	table  *crc32.Table
	long   []byte // a line that is longer than r's buffer
}

// NewReader returns a reader of r, which may be compressed by zstd.
func NewReader(r io.Reader, f Format) (*Reader, error) {
	buf := bufio.NewReaderSize(r, 256<<10)
	if f == JSONLines {
		if head, _ := buf.Peek(len(zstdMagic)); bytes.Equal(head, []byte(zstdMagic)) {
			plain, err := decompress(buf)
			if err != nil {
				return nil, err
			}
			buf = bufio.NewReaderSize(plain, 256<<10)
		}
	}
	return &Reader{r: buf, format: f, table: crc32.MakeTable(crc32.Castagnoli)}, nil
}

// Position returns the current position.
func (r *Reader) Position() Position { return r.at }

// More reports whether input can be read without waiting for it.
func (r *Reader) More() bool { return r.r.Buffered() > 0 }

// Next returns the next pair and the number of its line. At the end the error
// is io.EOF. A [Broken] line can be passed over by another call.
func (r *Reader) Next() (Pair, error) {
	for {
		record, err := r.record()
		if err != nil {
			return Pair{}, err
		}
		if r.format == NUL {
			return r.nul(record)
		}
		if r.at.Lines == 1 {
			record = bytes.TrimPrefix(record, []byte(byteOrderMark))
		}
		if len(bytes.TrimSpace(record)) == 0 {
			continue
		}
		p, err := Parse(record)
		if err != nil {
			return Pair{}, r.broken(err)
		}
		return p, nil
	}
}

// Skip skips lines up to the position, and reports whether they are the same as
// when that position was recorded.
func (r *Reader) Skip(to Position) (bool, error) {
	for r.at.Lines < to.Lines {
		_, err := r.record()
		if err == nil && r.format == NUL {
			_, err = r.part()
		}
		switch {
		case errors.Is(err, io.EOF):
			return r.at == to, nil
		case err != nil:
			return false, err
		}
	}
	return r.at == to, nil
}

func (r *Reader) broken(err error) error {
	return &Broken{r.format.Unit(), r.at.Lines, err}
}

// nul reads the value of a key.
func (r *Reader) nul(key []byte) (Pair, error) {
	p := Pair{Key: bytes.Clone(key)}
	value, err := r.part()
	switch {
	case errors.Is(err, io.EOF):
		return Pair{}, r.broken(errors.New("a key without a value: a NUL byte ends each of the two"))
	case err != nil:
		return Pair{}, err
	case len(p.Key) == 0:
		return Pair{}, r.broken(errors.New("the key is empty"))
	}
	p.Value = bytes.Clone(value)
	return p, nil
}

// record reads the next line, or key, and counts it.
func (r *Reader) record() ([]byte, error) {
	b, err := r.part()
	if err == nil {
		r.at.Lines++
	}
	return b, err
}

// part reads up to the next line end, or NUL, which the last one of a stream
// need not have. What it returns is good until the next call.
func (r *Reader) part() ([]byte, error) {
	end := byte('\n')
	if r.format == NUL {
		end = 0
	}
	r.long = r.long[:0]
	for {
		b, err := r.r.ReadSlice(end)
		r.at.Sum = crc32.Update(r.at.Sum, r.table, b)
		switch {
		case len(r.long)+len(b) > MaxLine:
			return nil, fmt.Errorf("%s %d is longer than %d MiB", r.format.Unit(), r.at.Lines+1, MaxLine>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			r.long = append(r.long, b...)
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("read %s %d: %w", r.format.Unit(), r.at.Lines+1, err)
		case err != nil && len(b) == 0 && len(r.long) == 0:
			return nil, io.EOF
		}
		if len(r.long) > 0 {
			b = append(r.long, b...)
			r.long = b
		}
		return bytes.TrimSuffix(b, []byte{end}), nil
	}
}
