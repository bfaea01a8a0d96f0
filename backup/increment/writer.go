package increment

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"etcdkit/backup/pack"
	"etcdkit/backup/store"
	"etcdkit/internal/spill"
)

// Writer takes the records of an increment. They go to a temporary file at once,
// compressed and encrypted, so its memory does not depend on their number. It is
// for one goroutine.
type Writer struct {
	after   int64
	order   order
	records int64
	data    string
	file    *spill.File
	packed  *pack.Packer
	plain   *pack.Counter
	buf     []byte
}

// NewWriter returns a Writer of an increment that begins after a revision. The
// caller ends it with Finish or Discard.
func NewWriter(p pack.Packing, afterRevision int64) (*Writer, error) {
	file, err := spill.New()
	if err != nil {
		return nil, err
	}
	packed, err := p.Pack(file.File)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Writer{after: afterRevision, order: after(afterRevision), data: dataName + p.Suffix(), file: file, packed: packed, plain: pack.NewCounter()}, nil
}

// After is the revision that the increment begins after.
func (w *Writer) After() int64 { return w.after }

// Revision is that of the last record, or After if none was appended.
func (w *Writer) Revision() int64 { return w.order.main }

// Records is how many records were appended.
func (w *Writer) Records() int64 { return w.records }

// Size is how many bytes of records were appended, before compression.
func (w *Writer) Size() int64 { return w.plain.Size() }

// Append adds a record. Each has to follow the one before it: the next of its
// revision, or the first of a later one.
func (w *Writer) Append(r Record) error {
	if err := w.order.next(r); err != nil {
		return err
	}
	w.records++
	w.buf = append(w.buf[:0], keyLen)
	if r.Tombstone {
		w.buf[0] = tombstoneLen
	}
	w.buf = binary.AppendUvarint(r.AppendKey(w.buf), uint64(len(r.Value)))
	return w.write(append(w.buf, r.Value...))
}

func (w *Writer) write(b []byte) error {
	w.buf = b
	_, _ = w.plain.Write(b) // never fails
	if _, err := w.packed.Write(b); err != nil {
		return spill.Full(err)
	}
	return nil
}

// Discard removes what was written.
func (w *Writer) Discard() error { return w.file.Close() }

// Pending is an increment that is complete, but not stored.
type Pending struct {
	Manifest
	file   *spill.File
	stored bool // the object with its name is what this one has stored
}

// Finish completes the increment. m has what the writer does not know: all but
// the format, After, the counts, and the description of the data. m.To is the
// revision up to which nothing is missing. After an error the increment is gone.
func (w *Writer) Finish(m Manifest, leases []Lease) (_ *Pending, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Discard())
		}
	}()
	if m.To < w.Revision() {
		return nil, fmt.Errorf("an increment up to revision %d has a record of revision %d", m.To, w.Revision())
	}
	for _, l := range leases {
		if err := w.write(l.append(w.buf[:0])); err != nil {
			return nil, err
		}
	}
	if err := w.packed.Close(); err != nil {
		return nil, spill.Full(err)
	}
	m.Format, m.After, m.Records, m.Leases, m.Data = pack.Format, w.after, w.records, int64(len(leases)), w.data
	m.Plain = w.plain.Sum()
	m.Compressed, m.Stored = w.packed.Sums(m.Plain)
	m.Time = stamp(m.Time)
	for i, p := range m.Points {
		m.Points[i].Time = stamp(p.Time)
	}
	return &Pending{Manifest: m, file: w.file}, m.check()
}

// stamp is a time as the format has it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Close removes the temporary file.
func (p *Pending) Close() error { return p.file.Close() }

// ErrTaken says that another increment has the number.
var ErrTaken = errors.New("another increment has its number")

// Put stores the increment and reads it back. An error that wraps ErrTaken says
// that another one has its number, which another follower has stored: nothing was
// changed. If an answer of the store was lost, it may be called again.
func (p *Pending) Put(ctx context.Context, s store.Store) (*Increment, error) {
	line, err := pack.Seal(p.Manifest)
	if err != nil {
		return nil, err
	}
	if len(line) > pack.MaxSealed {
		return nil, fmt.Errorf("the description of the increment after revision %d has %d bytes; at most %d are allowed", p.After, len(line), pack.MaxSealed)
	}
	inc := &Increment{Manifest: p.Manifest, Object: p.object(), Size: int64(len(line)) + p.Stored.Size, start: int64(len(line))}
	content := func() io.Reader {
		return pack.OnlyReader{Reader: io.MultiReader(bytes.NewReader(line), io.NewSectionReader(p.file.File, 0, p.Stored.Size))}
	}
	_, putErr := s.Put(ctx, inc.Object, content(), store.PutOptions{IfAbsent: true, Size: inc.Size})
	if putErr != nil && !errors.Is(putErr, store.ErrExists) {
		// The store may have lost only its answer; then the next Put finds it.
		return nil, putErr
	}
	p.stored = p.stored || putErr == nil
	err = same(ctx, s, inc, content())
	switch {
	case err == nil:
		return inc, nil
	case !errors.Is(err, pack.ErrDamaged):
		return nil, err
	case p.stored: // what was stored is broken, and is ours
		gone := s.Delete(ctx, inc.Object)
		p.stored = gone != nil // the next Put finds it again
		return nil, errors.Join(fmt.Errorf("%s reads back differently: %w", inc.Object, err), gone)
	}
	return nil, p.whose(ctx, s, inc)
}

// whose says what has the object's name already. A broken object that this
// follower has stored is removed, so that the next Put stores it.
func (p *Pending) whose(ctx context.Context, s store.Store, inc *Increment) error {
	found, err := head(ctx, s, store.Object{Name: inc.Object, Size: inc.Size})
	switch {
	case err == nil && found.Follower == p.Follower && found.Stored == p.Stored && found.To == p.To:
		return errors.Join(fmt.Errorf("%s was damaged in the store: %w", inc.Object, pack.ErrDamaged), s.Delete(ctx, inc.Object))
	case err == nil, errors.Is(err, pack.ErrDamaged), errors.Is(err, pack.ErrNewer):
		return fmt.Errorf("%s: %w", inc.Object, ErrTaken)
	}
	return err
}

// same compares an object with what it should be.
func same(ctx context.Context, s store.Store, inc *Increment, want io.Reader) (err error) {
	body, err := s.Get(ctx, inc.Object, 0, -1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	c := pack.NewComparison(want)
	if _, err := io.CopyBuffer(c, pack.OnlyReader{Reader: body}, make([]byte, 64<<10)); err != nil {
		return err
	}
	return c.End(inc.Size)
}
