package increment

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"filippo.io/age"

	"etcdkit/backup/pack"
	"etcdkit/backup/store"
)

// Reader reads an increment part by part; one that was not merged is one part.
// Its memory is bounded by the largest record and the number of leases. Errors
// about the content wrap pack.ErrDamaged and say where. It is for one goroutine.
type Reader struct {
	object string
	ids    []age.Identity
	body   io.ReadCloser
	in     *bufio.Reader
	left   []Part    // of a merged increment, that follow
	only   *Manifest // of an increment that is one part, until Next
	failed error

	part   *Manifest // the current one
	plain  *pack.Reader
	data   *bufio.Reader
	order  order
	read   int64 // records of the part
	leases []Lease
}

// OpenOptions say what to read of an increment.
type OpenOptions struct {
	Identities []age.Identity // to decrypt
	// After leaves out parts that have no revision above it.
	After int64
}

// Open opens an increment of a listing. The caller closes the reader. A small
// increment may be gone, merged into a larger one: then the error is
// store.ErrNotFound, and another [List] shows the larger one.
func Open(ctx context.Context, s store.Store, inc *Increment, o OpenOptions) (*Reader, error) {
	r := &Reader{object: inc.Object, ids: o.Identities}
	offset := inc.start
	if inc.Merged() {
		r.left = inc.Parts
		for len(r.left) > 1 && r.left[0].To <= o.After {
			r.left = r.left[1:]
		}
		offset += r.left[0].Offset
	} else {
		r.only = &inc.Manifest
	}
	length := inc.Size - offset
	if length == 0 {
		r.in = bufio.NewReader(bytes.NewReader(nil))
		return r, nil
	}
	body, err := s.Get(ctx, inc.Object, offset, length)
	if err != nil {
		return nil, err
	}
	r.body, r.in = body, bufio.NewReaderSize(body, 64<<10)
	return r, nil
}

// Close ends the reader.
func (r *Reader) Close() error {
	if r.plain != nil {
		r.plain.Close()
	}
	if r.body == nil {
		return nil
	}
	return r.body.Close()
}

// Next goes to the next part and returns its manifest; at the end it returns
// io.EOF. What was not read of the part before is read and checked.
func (r *Reader) Next() (*Manifest, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	err := r.next()
	if err != nil && err != io.EOF { //nolint:errorlint // the end of the parts
		return nil, r.fail(err)
	}
	r.failed = err
	return r.part, err
}

func (r *Reader) next() error {
	if r.part != nil {
		if _, err := r.Leases(); err != nil {
			return err
		}
	}
	before := r.part
	r.part = nil
	switch {
	case r.only != nil:
		r.part, r.only = r.only, nil
	case len(r.left) == 0:
		return io.EOF
	default:
		m, err := r.nested(r.left[0])
		if err != nil {
			return err
		}
		r.part, r.left = m, r.left[1:]
	}
	if before != nil && (before.To != r.part.After || before.Line != r.part.Line) {
		return pack.Damaged("revision %d is followed by a part after %d", before.To, r.part.After)
	}
	plain, err := r.part.layers().Reader(io.LimitReader(r.in, r.part.Stored.Size), r.ids)
	if err != nil {
		return err
	}
	r.plain, r.order, r.read, r.leases = plain, after(r.part.After), 0, nil
	r.data = bufio.NewReaderSize(plain, 64<<10)
	return nil
}

// Peek goes to the first part and returns its manifest, without its records, for
// which no identity is needed.
func (r *Reader) Peek() (*Manifest, error) {
	if r.only != nil {
		return r.only, nil
	}
	if len(r.left) == 0 {
		return nil, io.EOF
	}
	m, err := r.nested(r.left[0])
	r.failed = err
	if err == nil {
		r.failed = io.EOF // the part can't be read any more
	}
	return m, err
}

// nested reads the line of a part.
func (r *Reader) nested(p Part) (*Manifest, error) {
	line, err := r.in.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) && len(line) <= pack.MaxSealed {
		var more []byte
		line = bytes.Clone(line)
		more, err = r.in.ReadSlice('\n')
		line = append(line, more...)
	}
	if err != nil {
		return nil, short(err)
	}
	m, err := parse(line)
	if err != nil {
		return nil, err
	}
	if m.Merged() || m.To != p.To || m.Records != p.Records || int64(len(line))+m.Stored.Size != p.Size {
		return nil, pack.Damaged("the part up to revision %d is another one", p.To)
	}
	return m, nil
}

// Records yields the records of the part that are left, in order. After an error
// it yields no more. A record belongs to the caller.
func (r *Reader) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for r.failed == nil && r.part != nil && r.read < r.part.Records {
			rec, err := r.record()
			if err != nil {
				yield(Record{}, r.fail(err))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
		if r.failed != nil && r.failed != io.EOF { //nolint:errorlint // as above
			yield(Record{}, r.failed)
		}
	}
}

func (r *Reader) record() (Record, error) {
	n, err := r.data.ReadByte()
	if err != nil {
		return Record{}, short(err)
	}
	if n != keyLen && n != tombstoneLen {
		return Record{}, pack.Damaged("no record")
	}
	var key [tombstoneLen]byte
	if _, err := io.ReadFull(r.data, key[:n]); err != nil {
		return Record{}, short(err)
	}
	rec, err := parseKey(key[:n])
	if err != nil {
		return Record{}, err
	}
	if err := r.order.next(rec); err != nil {
		return Record{}, err
	}
	if rec.Main > r.part.To {
		return Record{}, pack.Damaged("a record of revision %d in a part up to %d", rec.Main, r.part.To)
	}
	size, err := binary.ReadUvarint(r.data)
	if err != nil {
		return Record{}, short(err)
	}
	rec.Value, err = r.value(size)
	r.read++
	return rec, err
}

// chunk bounds what is allocated before it is known to exist, in bytes.
const chunk = 4 << 20

// value reads a value of this size.
func (r *Reader) value(size uint64) ([]byte, error) {
	if size > uint64(r.part.Plain.Size) { //nolint:gosec // sizes are not negative
		return nil, pack.Damaged("a value of %d bytes in a part of %d", size, r.part.Plain.Size)
	}
	if size <= chunk {
		b := make([]byte, size)
		_, err := io.ReadFull(r.data, b)
		return b, short(err)
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, r.data, int64(size)) //nolint:gosec // not above an int64
	return b.Bytes(), short(err)
}

// Leases reads the records that are left and returns the leases at the part's
// end. The part is whole if it returns no error.
func (r *Reader) Leases() ([]Lease, error) {
	for _, err := range r.Records() {
		if err != nil {
			return nil, err
		}
	}
	if r.failed != nil || r.part == nil || r.plain == nil {
		return r.leases, r.failed
	}
	for range r.part.Leases {
		var b [leaseLen]byte
		if _, err := io.ReadFull(r.data, b[:]); err != nil {
			return nil, r.fail(short(err))
		}
		r.leases = append(r.leases, parseLease(b[:]))
	}
	switch n, err := io.Copy(io.Discard, r.data); {
	case err != nil:
		return nil, r.fail(err)
	case n > 0:
		return nil, r.fail(pack.Damaged("%d bytes after the last lease", n))
	}
	r.plain.Close()
	r.plain = nil
	return r.leases, nil
}

// fail notes an error and says where it happened.
func (r *Reader) fail(err error) error {
	if r.failed == nil {
		r.failed = fmt.Errorf("%s, after revision %d: %w", r.object, r.order.main, err)
	}
	return r.failed
}

// short is an error of reading what must be there.
func short(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) { //nolint:errorlint // an end, not a wrapped one
		return pack.Damaged("it ends too early")
	}
	return err
}
