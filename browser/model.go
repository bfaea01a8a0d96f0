package browser

import (
	"context"
	"strconv"

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
	modeHelp
)

// model is the state of the browser. Only the goroutine that draws uses it; others
// hand functions to post.
type model struct {
	Options
	ctx  context.Context
	post func(func())

	root   *node
	rows   []*node
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
	read     int                // how many readings for the pane were started
	decoding chan struct{}      // has one element while a value is decoded
	counting chan struct{}      // has one element for each count that is running
}

func newModel(ctx context.Context, o Options, post func(func())) *model {
	return &model{
		Options: o, ctx: ctx, post: post, cancel: func() {}, height: 1,
		root:     &node{name: o.Prefix, dir: true, open: true, depth: -1},
		decoding: make(chan struct{}, 1), counting: make(chan struct{}, 2),
	}
}

// load begins to read the children of a directory.
func (m *model) load(n *node) {
	if n.loading || n.more != nil || n.kids != nil {
		return
	}
	n.loading, n.more = true, make(chan struct{}, 1)
	more := n.more
	go func() {
		list, err := children.Of(m.ctx, m.Source, children.Query{Prefix: n.name, Separator: m.Separator})
		if err != nil {
			m.post(func() { m.loaded(n, nil, err) })
			return
		}
		defer list.Close()
		var page []*node
		for c, err := range list.Children {
			if err != nil {
				m.post(func() { m.loaded(n, page, keyspace.Unbroken(err)) })
				return
			}
			if len(page) == pageSize {
				kids := page
				m.post(func() { m.loaded(n, kids, nil) })
				page = nil
				select {
				case <-more:
				case <-m.ctx.Done():
					return
				}
			}
			page = append(page, &node{name: c.Name, label: c.Name[len(n.name):], dir: c.Dir, depth: n.depth + 1, parent: n})
		}
		m.post(func() { n.more = nil; m.loaded(n, page, nil) })
	}()
}

// loaded adds children that were read.
func (m *model) loaded(n *node, kids []*node, err error) {
	n.loading = false
	n.kids = append(n.kids, kids...)
	if err != nil {
		n.more = nil
		m.status = err.Error()
	}
	first := len(m.rows) == 0
	m.flatten()
	if first {
		m.show()
	}
}

// flatten lists the rows of the tree that are not in a closed directory.
func (m *model) flatten() {
	m.rows = m.rows[:0]
	var add func(*node)
	add = func(n *node) {
		for _, kid := range n.kids {
			m.rows = append(m.rows, kid)
			if kid.open {
				add(kid)
			}
		}
	}
	add(m.root)
	m.cursor = max(0, min(m.cursor, len(m.rows)-1))
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
	case n.parent != m.root:
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
