package usage

import (
	"cmp"
	"container/heap"
	"slices"
)

// Most keeps the items with the largest measures. Its memory is proportional to
// their number.
type Most[T any] struct {
	N    int           // how many
	By   func(T) int64 // the measure to compare
	Name func(T) string

	items []T // a heap with the least at its top; of equals, the last by name
}

// Takes reports whether an item with a measure would be kept now.
func (m *Most[T]) Takes(measure int64) bool {
	return len(m.items) < m.N || m.N > 0 && measure > m.By(m.items[0])
}

// Add takes one more item.
func (m *Most[T]) Add(item T) {
	switch {
	case !m.Takes(m.By(item)):
	case len(m.items) < m.N:
		heap.Push((*ascending[T])(m), item)
	default:
		m.items[0] = item
		heap.Fix((*ascending[T])(m), 0)
	}
}

// All returns the items, the largest first, and equal ones by name.
func (m *Most[T]) All() []T {
	all := slices.Clone(m.items)
	slices.SortFunc(all, func(a, b T) int {
		return cmp.Or(cmp.Compare(m.By(b), m.By(a)), cmp.Compare(m.Name(a), m.Name(b)))
	})
	return all
}

// ascending is the heap of a Most.
type ascending[T any] Most[T]

func (h *ascending[T]) Len() int      { return len(h.items) }
func (h *ascending[T]) Swap(i, j int) { h.items[i], h.items[j] = h.items[j], h.items[i] }
func (h *ascending[T]) Push(x any)    { h.items = append(h.items, x.(T)) }

func (h *ascending[T]) Less(i, j int) bool {
	a, b := h.By(h.items[i]), h.By(h.items[j])
	return a < b || a == b && h.Name(h.items[i]) > h.Name(h.items[j])
}

func (h *ascending[T]) Pop() any {
	last := h.items[len(h.items)-1]
	h.items = h.items[:len(h.items)-1]
	return last
}
