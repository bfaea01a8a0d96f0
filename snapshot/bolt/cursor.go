package bolt

import (
	"bytes"
	"context"
	"errors"
	"slices"
)

const (
	// maxDepth bounds the height of a bucket's tree and the nesting of
	// buckets. A page of etcd branches a hundredfold.
	maxDepth = 64
	// checkEvery is the number of pages between two looks at the context.
	checkEvery = 64
)

// subtree is a page and the range of keys that may stand below it.
type subtree struct {
	page     uint64
	min, max []byte // from min, below max; nil is no limit
	depth    int
}

// Cursor yields the elements of a bucket in the order of their keys, one page
// at a time, whatever the number of elements. It checks the pages on its way:
// their bounds, their types, the order of the keys in them and against their
// parents, and that the tree ends.
type Cursor struct {
	ctx     context.Context
	pages   *pager
	use     *Use // claims pages where the whole file is checked, else nil
	todo    []subtree
	stack   []frame
	leaf    page
	next    int // how many elements of leaf were taken
	index   int // of the current element in leaf
	bounds  subtree
	current element
	visited uint64
	err     error
	report  func(*CorruptError) // takes damage; see Forgive
	from    []byte              // subtrees that end below it are passed over; backward, those that begin there or above
	back    bool                // the last element comes first

	layered bool     // changes may come
	changes []Change // of the layer, still to come
	first   int      // number of the first of them in the layer
	top     *Change  // the current element, if it is the layer's
	change  int      // its number
	held    bool     // current has not been shown yet
}

// frame is a branch page on the way to the current leaf. Its page has a buffer
// of its own, which the bounds of its children point into.
type frame struct {
	subtree
	pg   page
	next int
}

// Next moves to the next element; at first to the first one. It returns false
// at the end and on an error, which Err returns.
func (c *Cursor) Next() bool {
	if c.layered {
		return c.merge()
	}
	return c.advance()
}

// advance moves to the next element of the file.
func (c *Cursor) advance() bool {
	for c.err == nil {
		if c.next < c.leaf.count {
			if c.err = c.step(); c.forgive() {
				continue
			}
			return c.err == nil
		}
		t, ok := c.pop()
		if !ok {
			return false
		}
		c.err = c.enter(t)
		c.forgive()
	}
	return false
}

// Forgive makes the cursor hand damage to report and continue after it: the
// element is left out, or the page with all below it.
func (c *Cursor) Forgive(report func(*CorruptError)) { c.report = report }

// forgive hands damage to report, where there is one.
func (c *Cursor) forgive() bool {
	if c.report == nil || c.err == nil {
		return false
	}
	damage := (*CorruptError)(nil)
	if !errors.As(c.err, &damage) {
		return false
	}
	c.report(damage)
	c.err = nil
	return true
}

// Key is the key of the current element. It is valid until the next Next.
func (c *Cursor) Key() []byte {
	if c.top != nil {
		return c.top.Key
	}
	return c.current.key
}

// Value is the value of the current element, valid until the next Next. That
// of a bucket is the bucket's header, and not to be read as data.
func (c *Cursor) Value() []byte {
	if c.top != nil {
		return c.top.Value
	}
	return c.current.value
}

// IsBucket reports whether the current element is a bucket.
func (c *Cursor) IsBucket() bool { return c.top == nil && c.current.bucket }

// Page is the id of the page that holds the current element; NoPage in a bucket
// that is stored inside its parent, and for an element of a layer.
func (c *Cursor) Page() int64 {
	if c.top != nil {
		return NoPage
	}
	return int64(c.leaf.id)
}

// Place is where the current element is stored, for a Reader.
func (c *Cursor) Place() Place {
	if c.top != nil {
		return Place{Page: layerID, Element: c.change}
	}
	return Place{Page: c.leaf.id, Element: c.index}
}

// Err is the error that ended the iteration; nil at its regular end. Damage
// wraps ErrCorrupt.
func (c *Cursor) Err() error { return c.err }

// step takes the next element of the leaf and checks its place in the order.
func (c *Cursor) step() error {
	i, first := c.next, c.next == 0
	if c.back {
		i = c.leaf.count - 1 - c.next
	}
	c.index = i
	c.next++
	e, err := c.leaf.leaf(i)
	if err != nil {
		return err
	}
	switch {
	case !first && !c.back && bytes.Compare(c.current.key, e.key) >= 0:
		err = c.misplaced(e.key, "the key is not above the one before it")
	case !first && c.back && bytes.Compare(c.current.key, e.key) <= 0:
		err = c.misplaced(e.key, "the key is not below the one after it")
	case i == 0 && c.bounds.min != nil && bytes.Compare(c.bounds.min, e.key) > 0:
		err = c.misplaced(e.key, "the key is below the range of its page")
	case i == c.leaf.count-1 && c.bounds.max != nil && bytes.Compare(e.key, c.bounds.max) >= 0:
		err = c.misplaced(e.key, "the key is above the range of its page")
	}
	c.current = e
	return err
}

func (c *Cursor) misplaced(key []byte, detail string) error {
	return &CorruptError{Page: int64(c.leaf.id), Key: slices.Clone(key), Detail: detail}
}

// pop returns the next subtree to enter.
func (c *Cursor) pop() (subtree, bool) {
	for len(c.stack) > 0 {
		top := &c.stack[len(c.stack)-1]
		if top.next < top.pg.count {
			i := top.next
			if c.back {
				i = top.pg.count - 1 - i
			}
			top.next++
			if t := top.child(i); !c.passed(t) {
				return t, true
			}
			continue
		}
		c.stack = c.stack[:len(c.stack)-1]
	}
	if len(c.todo) == 0 {
		return subtree{}, false
	}
	t := c.todo[0]
	c.todo = c.todo[1:]
	return t, true
}

// passed reports whether nothing of a subtree is wanted.
func (c *Cursor) passed(t subtree) bool {
	if c.back {
		return c.from != nil && t.min != nil && bytes.Compare(t.min, c.from) >= 0
	}
	return t.max != nil && bytes.Compare(t.max, c.from) <= 0
}

// enter reads the page at the top of a subtree.
func (c *Cursor) enter(t subtree) error {
	pg, err := c.visit(t)
	if err != nil {
		return err
	}
	if pg.flags == leafPage {
		c.leaf, c.next, c.bounds = pg, 0, t
		return nil
	}
	if err := c.push(t, pg).checkOrder(); err != nil {
		c.stack = c.stack[:len(c.stack)-1]
		return err
	}
	return nil
}

// visit reads a page of a tree, which is a leaf or a branch, once.
func (c *Cursor) visit(t subtree) (page, error) {
	if c.visited%checkEvery == 0 {
		if err := context.Cause(c.ctx); err != nil {
			return page{}, err
		}
	}
	c.visited++
	if c.visited > c.pages.f.meta.end || t.depth > maxDepth {
		return page{}, Corrupt(int64(t.page), "the tree of pages does not end")
	}
	pg, err := c.pages.page(t.page)
	if err != nil {
		return page{}, err
	}
	if pg.flags != leafPage && pg.flags != branchPage {
		return page{}, Corrupt(int64(pg.id), "flags %#x where a branch or a leaf should be", pg.flags)
	}
	if pg.flags == branchPage && pg.count == 0 {
		return page{}, Corrupt(int64(pg.id), "a branch without elements")
	}
	if err := pg.checkTable(); err != nil {
		return page{}, err
	}
	if c.use != nil {
		err = c.use.claim(pg)
	}
	return pg, err
}

// push puts a copy of a branch page on the stack, in the buffer of an earlier
// one at this height where there was one.
func (c *Cursor) push(t subtree, pg page) *frame {
	n := len(c.stack)
	c.stack = slices.Grow(c.stack, 1)[:n+1]
	f := &c.stack[n]
	buf := append(f.pg.data[:0], pg.data...)
	*f = frame{subtree: t, pg: pg}
	f.pg.data = buf
	return f
}

// child is the i-th subtree below a branch that passed checkOrder.
func (f *frame) child(i int) subtree {
	key, id, _ := f.pg.branch(i)
	t := subtree{page: id, min: key, max: f.max, depth: f.depth + 1}
	if i+1 < f.pg.count {
		t.max, _, _ = f.pg.branch(i + 1)
	}
	return t
}

// checkOrder checks the bounds of all keys of a branch, and their order.
func (f *frame) checkOrder() error {
	last := f.min
	for i := range f.pg.count {
		key, _, err := f.pg.branch(i)
		if err != nil {
			return err
		}
		order := bytes.Compare(last, key)
		if (last != nil && order > 0) || (i > 0 && order == 0) || (f.max != nil && bytes.Compare(key, f.max) >= 0) {
			return &CorruptError{Page: int64(f.pg.id), Key: slices.Clone(key), Detail: "the key is out of order among the branches"}
		}
		last = key
	}
	return nil
}
