package bolt

// Place is where an element is stored.
type Place struct {
	Page    uint64
	Element int // of the page
}

// Reader reads single elements of a bucket again. It is for one goroutine.
type Reader struct {
	bucket *Bucket
	pages  *pager
}

// Reader returns a reader of the bucket's elements.
func (b *Bucket) Reader() *Reader { return &Reader{bucket: b, pages: newPager(b.f)} }

// Value is the value of the element at a place, valid until the next call. ok is
// false if there is no element any more.
func (r *Reader) Value(at Place) (value []byte, ok bool, err error) {
	if at.Page == layerID {
		all := r.bucket.changes()
		if at.Element >= len(all) {
			return nil, false, nil
		}
		return all[at.Element].Value, true, nil
	}
	var pg page
	if at.Page == inlineID {
		pg = parsePage(r.bucket.inline)
	} else {
		pg, err = r.pages.page(at.Page)
	}
	if err == nil {
		err = pg.checkTable()
	}
	if err != nil {
		return nil, false, InBucket(err, r.bucket.Name)
	}
	if at.Element >= pg.count || pg.flags != leafPage {
		return nil, false, nil
	}
	e, err := pg.leaf(at.Element)
	if err != nil {
		return nil, false, InBucket(err, r.bucket.Name)
	}
	return e.value, true, nil
}
