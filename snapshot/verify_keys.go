package snapshot

import (
	"bytes"
	"context"
	"fmt"
)

// keyPart is what verifying a run of records of the key bucket finds.
type keyPart struct {
	found       faults
	records     int
	first, last Revision
	orphans     []orphan
}

// keys checks the key bucket, side by side.
func (v *verifier) keys(ctx context.Context, b *Bucket) error {
	w := walk{use: v.use, spare: v.f.hashers(), report: func(e *CorruptError) {
		e.Bucket = b.Name
		v.found.add(e)
	}}
	parts, err := inParts(ctx, b, w, v.keyElements)
	if err != nil {
		return inBucket(err, b.Name)
	}
	last := Revision{Main: -1}
	for i := range parts {
		p := &parts[i]
		if p.records > 0 {
			if !last.before(p.first) {
				v.found.add(outOfOrder(NoPage, p.first))
			}
			last = p.last
		}
		v.found.join(&p.found, b.Name)
		v.report.Records += p.records
		v.leases.orphans = append(v.leases.orphans, p.orphans...)
	}
	v.report.Revision = max(last.Main, 0)
	return nil
}

func outOfOrder(page int64, rev Revision) *CorruptError {
	return &CorruptError{
		Page: page, Bucket: KeyBucket, Key: rev.AppendKey(nil), kind: FaultRevision,
		Detail: fmt.Sprintf("the revision %d, %d is not above the one before it", rev.Main, rev.Sub),
	}
}

// before tells whether r is the revision of an earlier change than next.
func (r Revision) before(next Revision) bool {
	return r.Main < next.Main || (r.Main == next.Main && r.Sub < next.Sub)
}

func (v *verifier) keyElements(c *Cursor) (keyPart, error) {
	var p keyPart
	c.report = p.found.add
	for c.Next() {
		p.records++
		rev, kv, err := parseElement(c)
		if err != nil {
			p.records--
			if err := p.found.take(err, FaultRecord); err != nil {
				return p, err
			}
			continue
		}
		if p.records == 1 {
			p.first = rev
		} else if !p.last.before(rev) {
			p.found.add(outOfOrder(c.Page(), rev))
		}
		p.last = rev
		if detail := checkChange(rev, kv, len(c.Value())); detail != "" {
			p.found.add(&CorruptError{Page: c.Page(), Key: bytes.Clone(c.Key()), Detail: detail, kind: FaultRecord})
		}
		if kv.lease != 0 && !rev.Tombstone {
			p.orphans = v.leases.suspect(p.orphans, orphan{key: v.leases.keys.hash(kv.key), at: rev, lease: kv.lease, page: c.Page()})
		}
	}
	return p, c.Err()
}

// checkChange says what is wrong with a record that could be decoded.
func checkChange(rev Revision, kv record, size int) string {
	switch {
	case rev.Tombstone || size == 0: // an empty one is made by restoring with --bump-revision
		return ""
	case kv.mod != rev.Main:
		return fmt.Sprintf("the change of %s says that it is of revision %d", keyText(kv.key), kv.mod)
	case kv.create < 1 || kv.create > kv.mod || kv.version < 1:
		return fmt.Sprintf("the change of %s has create revision %d and version %d", keyText(kv.key), kv.create, kv.version)
	}
	return ""
}
