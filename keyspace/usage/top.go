package usage

// Top keeps the nodes with the largest totals. Its memory is proportional to
// their number.
type Top struct {
	N  int             // how many
	By func(Sum) int64 // the measure to compare

	most Most[Node]
}

// Add takes one more node.
func (t *Top) Add(n Node) {
	if t.most.By == nil {
		t.most = Most[Node]{N: t.N, By: func(n Node) int64 { return t.By(n.Sum) }, Name: func(n Node) string { return n.Name }}
	}
	t.most.Add(n)
}

// Rank makes a walk rank the directories at its depth and the keys above it, or
// all keys if it has no depth.
func (w *Walk) Rank(t *Top) {
	w.Key = func(n Node, _ string) { t.Add(n) }
	w.End = func(n Node, _ string) {
		if n.Depth == w.Depth {
			t.Add(n)
		}
	}
}

// Nodes returns them, the largest first, and equal ones by name.
func (t *Top) Nodes() []Node { return t.most.All() }
