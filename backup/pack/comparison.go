package pack

import (
	"bytes"
	"errors"
	"io"
)

// Comparison compares what is written to it, and fails with ErrDamaged if it differs.
type Comparison struct {
	want io.Reader
	size int64
	buf  []byte
}

// NewComparison returns a Comparison of what is written with what want yields.
func NewComparison(want io.Reader) *Comparison { return &Comparison{want: want} }

// End fails if other than this number of bytes was written.
func (c *Comparison) End(size int64) error {
	if c.size != size {
		return Damaged("%d bytes were read back, not %d", c.size, size)
	}
	return nil
}

// Write implements io.Writer.
func (c *Comparison) Write(b []byte) (int, error) {
	c.buf = append(c.buf[:0], b...)
	n, err := io.ReadFull(c.want, c.buf)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return 0, Damaged("more bytes were read back than were stored")
	case err != nil:
		return 0, err
	case !bytes.Equal(c.buf[:n], b):
		return 0, Damaged("other bytes were read back than were stored, after %d bytes", c.size)
	}
	c.size += int64(n)
	return n, nil
}
