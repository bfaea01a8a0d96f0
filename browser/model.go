package browser

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"etcdkit/keyspace"
	"etcdkit/keyspace/children"
)

// pageSize is how many children of a directory are read before the cursor is at
// the last of them.
const pageSize = 200

// node is a key or a directory of the tree.
type node struct {
	name   string // whole
	label  string
	dir    bool
	depth  int
	parent *node

	open, loading bool
	kids          []*node
	more          chan struct{} // reads the next page; nil if all are known
	counted       bool          // the count is known or has been asked for
	count         string
}

// mode is what the pane at the right shows.
type mode int

const (
	modeValue mode = iota
	modeHex
	modeHistory
	modeDiff
	modeWatch
	modeHelp
)

// model is the state of the browser. Only the goroutine that draws uses it; others
// hand functions to post.
type model struct {
	Options
	ctx  context.Context
	post func(func())

	root   *node
	found  *node  // its children are what was searched for; nil while the tree is shown
	search func() // ends the search
	before int    // the row of the tree under the cursor before it
	typing bool   // the last line takes what to search for
	typed  string
	rows   []*node
	stale  bool // the rows are to be listed anew
	cursor int
	top    int // the first row on the screen
	height int // of the tree on the screen

	mode    mode
	pane    []string
	scroll  int
	wrapped []string // the lines of the pane as they were drawn
	status  string
	quit    bool

	cancel   context.CancelFunc // of the reading for the pane
	reading  int                // how many readings for the pane were started
	decoding chan struct{}      // has one element while a value is decoded
	counting chan struct{}      // has one element for each count that is running
}

func newModel(ctx context.Context, o Options, post func(func())) *model {
	return &model{
		Options: o, ctx: ctx, post: post, cancel: func() {}, search: func() {}, height: 1,
		root:     &node{name: o.Prefix, dir: true, open: true, depth: -1},
		decoding: make(chan struct{}, 1), counting: make(chan struct{}, 2),
	}
}

// load begins to read the children of a directory.
func (m *model) load(n *node) {
	if !n.loading && n.more == nil && n.kids == nil {
		m.read(m.ctx, n, m.children(n))
	}
}

// children yields the children of a directory.
func (m *model) children(n *node) iter.Seq2[*node, error] {
	return func(yield func(*node, error) bool) {
		list, err := children.Of(m.ctx, m.Source, children.Query{Prefix: n.name, Separator: m.Separator, AtOnce: true})
		if err != nil {
			yield(nil, err)
			return
		}
		defer list.Close()
		for c, err := range list.Children {
			kid := &node{name: c.Name, label: strings.TrimPrefix(c.Name, n.name), dir: c.Dir, depth: n.depth + 1, parent: n}
			if !yield(kid, err) || err != nil {
				return
			}
		}
	}
}

// read begins to add nodes to the children of a node, and pauses after each page
// until the cursor is at its end.
func (m *model) read(ctx context.Context, n *node, kids iter.Seq2[*node, error]) {
	n.loading, n.more = true, make(chan struct{}, 1)
	more := n.more
	go func() {
		count := 0
		for kid, err := range kids {
			if err != nil {
				m.post(func() { m.ended(n, keyspace.Unbroken(err)) })
				return
			}
			count++
			full := count%pageSize == 0
			m.post(func() {
				n.kids = append(n.kids, kid)
				n.loading, m.stale = !full, true
			})
			if !full {
				continue
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
		m.post(func() { m.ended(n, nil) })
	}()
}

// ended notes that all children of a node were read, or why not.
func (m *model) ended(n *node, err error) {
	n.loading, n.more = false, nil
	if err != nil && (m.found == nil || m.found == n) {
		m.status = err.Error()
	}
}

// flatten lists the rows of the tree that are not in a closed directory. The cursor
// stays where it is, even if rows are added above.
func (m *model) flatten() {
	var at *node
	if m.cursor < len(m.rows) {
		at = m.rows[m.cursor]
	}
	m.rows, m.stale = m.rows[:0], false
	var add func(*node)
	add = func(n *node) {
		for _, kid := range n.kids {
			m.rows = append(m.rows, kid)
			if kid.open {
				add(kid)
			}
		}
	}
	add(m.shownRoot())
	if i := slices.Index(m.rows, at); i >= 0 {
		m.cursor = i
	}
	m.cursor = max(0, min(m.cursor, len(m.rows)-1))
	if at == nil && len(m.rows) > 0 {
		m.show()
	}
}

// shownRoot returns the node whose children are shown: the root of the tree, or
// what was found.
func (m *model) shownRoot() *node {
	if m.found != nil {
		return m.found
	}
	return m.root
}

// current returns the node under the cursor, nil for an empty tree.
func (m *model) current() *node {
	if len(m.rows) == 0 {
		return nil
	}
	return m.rows[m.cursor]
}

// move moves the cursor, and reads the next page of a directory at its end.
func (m *model) move(rows int) {
	if len(m.rows) == 0 {
		return
	}
	m.cursor = max(0, min(m.cursor+rows, len(m.rows)-1))
	for n := m.rows[m.cursor].parent; n != nil; n = n.parent {
		last := len(n.kids) > 0 && (m.cursor == len(m.rows)-1 || m.rows[m.cursor] == n.kids[len(n.kids)-1])
		if last && n.more != nil && !n.loading {
			n.loading = true
			n.more <- struct{}{}
		}
	}
	m.show()
}

// enter opens a directory, or closes one that is open.
func (m *model) enter() {
	if n := m.current(); n != nil && n.dir {
		n.open = !n.open
		if n.open {
			m.load(n)
		}
		m.flatten()
	}
}

// leave closes the directory under the cursor, or moves to the one it is in.
func (m *model) leave() {
	n := m.current()
	switch {
	case n == nil:
	case n.dir && n.open:
		n.open = false
		m.flatten()
	case n.parent != m.shownRoot():
		for i, row := range m.rows {
			if row == n.parent {
				m.move(i - m.cursor)
				return
			}
		}
	}
}

// countKeys begins to count the keys of a directory.
func (m *model) countKeys(n *node) {
	if n.counted || !n.dir {
		return
	}
	select {
	case m.counting <- struct{}{}:
	default:
		return // the next time it is drawn
	}
	n.counted, n.count = true, "..."
	go func() {
		count, err := m.keysBelow(n.name)
		<-m.counting
		m.post(func() {
			n.count = strconv.FormatInt(count, 10)
			if err != nil {
				n.count, m.status = "?", err.Error()
			}
		})
	}()
}

func (m *model) keysBelow(prefix string) (int64, error) {
	r := keyspace.Prefix(prefix)
	r.CountOnly = true
	var count int64
	for page, err := range m.Source.Pages(m.ctx, r) {
		if err != nil {
			return 0, keyspace.Unbroken(err)
		}
		count = page.Count
	}
	return count, nil
}
