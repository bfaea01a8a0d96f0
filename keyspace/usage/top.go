package usage

import (
	"cmp"
	"container/heap"
	"slices"
)

// Top keeps the nodes with the largest totals. Its memory is proportional to
// their number.
type Top struct {
	N  int             // how many
	By func(Sum) int64 // the measure to compare

	least ascending
}

// Add takes one more node.
func (t *Top) Add(n Node) {
	t.least.by = t.By
	switch {
	case t.N <= 0:
	case len(t.least.nodes) < t.N:
		heap.Push(&t.least, n)
	case t.By(n.Sum) > t.By(t.least.nodes[0].Sum):
		t.least.nodes[0] = n
		heap.Fix(&t.least, 0)
	}
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
func (t *Top) Nodes() []Node {
	nodes := slices.Clone(t.least.nodes)
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(t.By(b.Sum), t.By(a.Sum)), cmp.Compare(a.Name, b.Name))
	})
	return nodes
}

// ascending is a heap with the least at its top; of equals, the last by name.
type ascending struct {
	by    func(Sum) int64
	nodes []Node
}

func (h *ascending) Len() int      { return len(h.nodes) }
func (h *ascending) Swap(i, j int) { h.nodes[i], h.nodes[j] = h.nodes[j], h.nodes[i] }
func (h *ascending) Push(x any)    { h.nodes = append(h.nodes, x.(Node)) }

func (h *ascending) Less(i, j int) bool {
	a, b := h.by(h.nodes[i].Sum), h.by(h.nodes[j].Sum)
	return a < b || a == b && h.nodes[i].Name > h.nodes[j].Name
}

func (h *ascending) Pop() any {
	last := h.nodes[len(h.nodes)-1]
	h.nodes = h.nodes[:len(h.nodes)-1]
	return last
}
