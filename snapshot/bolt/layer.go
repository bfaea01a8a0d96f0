package bolt

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Change is an element that a Layer writes or deletes.
type Change struct {
	Key, Value []byte
	Deleted    bool
}

// Layer holds changes to a file that are not in it, for each top-level bucket in
// the order of their keys, each key once. Cursors and readers of a file with a
// layer show the file as if the changes had been written to it. Buckets that the
// file does not have may be in it.
type Layer map[string][]Change

// layerID stands for the id of a page of the elements of a layer.
const layerID uint64 = 1<<64 - 2

// Lay puts a layer over the file, in place of an earlier one. It must not be
// called while the file is read, and neither may the layer change.
func (f *File) Lay(l Layer) { f.layer = l }

// Layer returns the file's layer; nil if it has none.
func (f *File) Layer() Layer { return f.layer }

// emptyBucket is a bucket that only the layer has.
func (f *File) emptyBucket(name string) *Bucket {
	leaf := make([]byte, pageHeaderSize)
	binary.NativeEndian.PutUint16(leaf[8:], leafPage)
	return &Bucket{Name: name, f: f, inline: leaf, depth: 1}
}

// changes are those of the layer for the bucket.
func (b *Bucket) changes() []Change {
	if b.depth != 1 {
		return nil
	}
	return b.f.layer[b.Name]
}

// position is where a key is among changes, or would be.
func position(all []Change, key []byte) (int, bool) {
	return slices.BinarySearchFunc(all, key, func(c Change, key []byte) int { return bytes.Compare(c.Key, key) })
}

// above lets the cursor show changes, of which the first has a number in the
// layer.
func (c *Cursor) above(changes []Change, first int) *Cursor {
	c.changes, c.first = changes, first
	c.layered = len(changes) > 0
	return c
}

// within is above for a cursor of some of a bucket's subtrees: it shows the
// changes in their range of keys, and for part 0 those before it.
func (c *Cursor) within(all []Change, part int) {
	if len(all) == 0 || len(c.todo) == 0 {
		return
	}
	from, to := 0, len(all)
	if low := c.todo[0].min; low != nil && part > 0 {
		from, _ = position(all, low)
	}
	if high := c.todo[len(c.todo)-1].max; high != nil {
		to, _ = position(all, high)
	}
	c.above(all[from:to], from)
}

// merge moves to the next element of the file or the layer, whichever comes
// first.
func (c *Cursor) merge() bool {
	for {
		if !c.held {
			c.held = c.advance()
		}
		if c.err != nil {
			return false
		}
		order := c.order()
		if order < 0 {
			held := c.held
			c.top, c.held = nil, false
			return held
		}
		if order == 0 {
			c.held = false // the layer has replaced it
		}
		if top := c.take(); !top.Deleted {
			c.top = top
			return true
		}
	}
}

// nextChange is the number among the changes of the one that comes next.
func (c *Cursor) nextChange() int {
	if c.back {
		return len(c.changes) - 1
	}
	return 0
}

// order is below 0 if the file's element comes before the next change, and 0 if
// they have one key.
func (c *Cursor) order() int {
	switch {
	case len(c.changes) == 0:
		return -1
	case !c.held:
		return 1
	}
	order := bytes.Compare(c.current.key, c.changes[c.nextChange()].Key)
	if c.back {
		return -order
	}
	return order
}

// take removes the next change from those to come.
func (c *Cursor) take() *Change {
	i := c.nextChange()
	top := &c.changes[i]
	c.change = c.first + i
	if c.back {
		c.changes = c.changes[:i]
	} else {
		c.changes = c.changes[1:]
		c.first++
	}
	return top
}

// lastLayered is LastKey for a bucket with changes; base is the file's last key.
func (b *Bucket) lastLayered(c *Cursor, base []byte) ([]byte, error) {
	all := b.changes()
	if i, found := position(all, base); base != nil && found && all[i].Deleted {
		var last []byte
		for c.Next() {
			last = append(last[:0], c.Key()...)
		}
		return last, c.Err()
	}
	for _, ch := range slices.Backward(all) {
		if !ch.Deleted && bytes.Compare(ch.Key, base) > 0 {
			return slices.Clone(ch.Key), nil
		}
	}
	return base, nil
}
