package increment

import (
	"context"
	"errors"
	"fmt"
	"io"

	"etcdkit/backup/pack"
	"etcdkit/backup/store"
	"etcdkit/internal/spill"
)

// By says who merges.
type By struct {
	Program, Follower string
}

// Merge stores one increment with the content of several that follow each other,
// which are read and checked. They are not removed: [Remove] does that, once the
// merged one is stored. Nothing is decrypted: the merged one has the same bytes.
func Merge(ctx context.Context, s store.Store, from []*Increment, by By) (_ *Increment, err error) {
	m, err := merged(from)
	if err != nil {
		return nil, err
	}
	m.By, m.Follower = by.Program, by.Follower
	file, err := spill.New()
	if err != nil {
		return nil, err
	}
	p := &Pending{Manifest: *m, file: file}
	defer func() { err = errors.Join(err, p.Close()) }()
	sum := pack.NewCounter()
	for _, inc := range from {
		offset := int64(0)
		if inc.Merged() {
			offset = inc.start
		}
		if err := copyPart(ctx, s, inc, offset, io.MultiWriter(file, sum)); err != nil {
			return nil, err
		}
	}
	p.Stored = sum.Sum()
	if err := p.check(); err != nil {
		return nil, err
	}
	return p.Put(ctx, s)
}

// MergedLine is the size of the line that a merge of these would have, in bytes,
// or an error if they can't be merged. It must not exceed pack.MaxSealed.
func MergedLine(from []*Increment) (int, error) {
	m, err := merged(from)
	if err != nil {
		return 0, err
	}
	line, err := pack.Seal(m)
	return len(line), err
}

// merged is the manifest of a merge, without the sum.
func merged(from []*Increment) (*Manifest, error) {
	if len(from) < 2 {
		return nil, errors.New("merge: fewer than two increments")
	}
	last := from[len(from)-1]
	m := last.Manifest // what is known at the end
	m.First, m.After, m.Records = from[0].First, from[0].After, 0
	m.Data, m.Plain, m.Compressed, m.Stored = "", pack.Sum{}, pack.Sum{}, pack.Sum{}
	m.Points = []Point{from[0].Points[0]}
	m.Compactions, m.Hashes, m.Gaps, m.Parts = nil, nil, nil, nil
	var offset int64
	for i, inc := range from {
		if i > 0 {
			if b := from[i-1]; b.Line != inc.Line || b.Last+1 != inc.First || b.To != inc.After || b.ClusterID != inc.ClusterID {
				return nil, fmt.Errorf("merge: %s does not follow %s", inc.Object, b.Object)
			}
		}
		m.Records += inc.Records
		m.Compactions = append(m.Compactions, inc.Compactions...)
		m.Gaps = append(m.Gaps, inc.Gaps...)
		if n := len(inc.Hashes); n > 0 {
			m.Hashes = []Hash{inc.Hashes[n-1]} // the parts have all of them
		}
		if !inc.Merged() {
			m.Parts = append(m.Parts, Part{Offset: offset, Size: inc.Size, To: inc.To, Records: inc.Records, Time: inc.Time})
			offset += inc.Size
			continue
		}
		for _, p := range inc.Parts {
			p.Offset += offset
			m.Parts = append(m.Parts, p)
		}
		offset += inc.Stored.Size
	}
	m.Stored.Size = offset
	m.Points = append(m.Points, last.Points[len(last.Points)-1])
	return &m, nil
}

// copyPart copies an object from an offset on, and compares its data with its sum.
func copyPart(ctx context.Context, s store.Store, inc *Increment, offset int64, out io.Writer) (err error) {
	if inc.Size == offset {
		return nil
	}
	body, err := s.Get(ctx, inc.Object, offset, inc.Size-offset)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	if _, err := io.CopyN(out, body, inc.start-offset); err != nil {
		return short(err)
	}
	data := pack.NewTally(io.LimitReader(body, inc.Stored.Size), inc.Stored, "the stored bytes")
	if _, err := io.CopyBuffer(pack.OnlyWriter{Writer: out}, data, make([]byte, 64<<10)); err != nil {
		return fmt.Errorf("%s: %w", inc.Object, err)
	}
	return nil
}

// Remove removes increments, of which others have the content. Those that are
// gone are no error.
func Remove(ctx context.Context, s store.Store, incs []*Increment) error {
	var failed error
	for _, inc := range incs {
		failed = errors.Join(failed, s.Delete(ctx, inc.Object))
	}
	return failed
}
