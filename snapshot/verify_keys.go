package snapshot

import (
	"bytes"
	"fmt"

	"etcdkit/snapshot/bolt"
)

// bucketPart is what verifying a part of a bucket finds. All but the faults is for
// the key bucket.
type bucketPart struct {
	found       faults
	records     int
	first, last Revision
	orphans     []orphan
}

// changes joins what was found in the parts of the key bucket.
func (v *verifier) changes(parts []bucketPart) error {
	last := Revision{Main: -1}
	for i := range parts {
		p := &parts[i]
		if p.records > 0 {
			if !last.before(p.first) {
				v.found.add(FaultRevision, outOfOrder(NoPage, p.first))
			}
			last = p.last
		}
		v.found.join(&p.found, KeyBucket)
		v.report.Records += p.records
		v.leases.orphans = append(v.leases.orphans, p.orphans...)
	}
	v.report.Revision = max(last.Main, 0)
	return nil
}

func outOfOrder(page int64, rev Revision) *CorruptError {
	return &CorruptError{
		Page: page, Bucket: KeyBucket, Key: rev.AppendKey(nil),
		Detail: fmt.Sprintf("the revision %d, %d is not above the one before it", rev.Main, rev.Sub),
	}
}

// before reports whether r is the revision of an earlier change than next.
func (r Revision) before(next Revision) bool {
	return r.Main < next.Main || (r.Main == next.Main && r.Sub < next.Sub)
}

// change checks a record of the key bucket.
func (v *verifier) change(c *bolt.Cursor, p *bucketPart) error {
	rev, kv, err := parseElement(c)
	if err != nil {
		err = p.found.take(err, FaultRecord)
		if err == nil && c.IsBucket() {
			return bolt.ErrSkipBucket
		}
		return err
	}
	p.records++
	if p.records == 1 {
		p.first = rev
	} else if !p.last.before(rev) {
		p.found.add(FaultRevision, outOfOrder(c.Page(), rev))
	}
	p.last = rev
	if detail := checkChange(rev, kv, len(c.Value())); detail != "" {
		p.found.add(FaultRecord, &CorruptError{Page: c.Page(), Key: bytes.Clone(c.Key()), Detail: detail})
	}
	if kv.lease != 0 && !rev.Tombstone {
		p.orphans = v.leases.suspect(p.orphans, orphan{key: v.leases.keys.hash(kv.key), at: rev, lease: kv.lease, page: c.Page()})
	}
	return nil
}

// checkChange says what is wrong with a record that could be decoded.
func checkChange(rev Revision, kv record, size int) string {
	switch {
	case rev.Tombstone || size == 0: // an empty one is made by restoring with --bump-revision
		return ""
	case kv.mod != rev.Main:
		return fmt.Sprintf("the change of %s says that it is of revision %d", bolt.KeyText(kv.key), kv.mod)
	case kv.create < 1 || kv.create > kv.mod || kv.version < 1:
		return fmt.Sprintf("the change of %s has create revision %d and version %d", bolt.KeyText(kv.key), kv.create, kv.version)
	}
	return ""
}
