package snapshot

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"io"
	"slices"

	"etcdkit/internal/spill"
)

const (
	// sortBudget is how much memory a sorter takes for the changes that it holds,
	// in bytes.
	sortBudget = 24 << 20
	// spotCost is about what a change takes besides the name of its key.
	spotCost = 40
	// runBuffer is how much of a run is read at once.
	runBuffer = 32 << 10
)

// spot is where the last change of a key is, with what is known of it.
type spot struct {
	page            uint64
	element         int // of the page
	rev             Revision
	create, version int64
	lease           int64
	size            int // of the value
}

// sorter sorts keys by their names and keeps the last spot of each. Keys are
// added in the order of their changes.
type sorter struct {
	budget  int
	data    []byte // keys, each followed by its spot
	entries []entry
	file    *spill.File // nil as long as everything fits
	size    int64       // of file
	runs    []int64     // where each ends in file
}

// entry is a change in sorter.data. Of two, the one further on is later.
type entry struct{ at, key uint32 } // the key's place and length

// newSorter returns a sorter of the changes in so many bytes of a file.
func newSorter(budget int, file int64) *sorter {
	return &sorter{budget: budget, data: make([]byte, 0, min(int64(budget), file))}
}

// add notes a change of a key.
func (s *sorter) add(key []byte, at spot) error {
	const entrySize = 8
	if len(s.data)+len(key)+spotCost+entrySize*len(s.entries) > s.budget && len(s.entries) > 0 {
		if err := s.shrink(); err != nil {
			return err
		}
	}
	s.entries = append(s.entries, entry{uint32(len(s.data)), uint32(len(key))}) //nolint:gosec // the budget bounds both, or a key
	s.data = appendSpot(append(s.data, key...), at)
	return nil
}

// key returns the key of a change.
func (s *sorter) key(e entry) []byte { return s.data[e.at : e.at+e.key] }

// spot returns the spot of a change, and its length in data.
func (s *sorter) spot(e entry) (spot, int) {
	var n [spotNumbers]uint64
	size := 0
	for i := range n {
		v, k := binary.Uvarint(s.data[int(e.at+e.key)+size:])
		n[i] = v
		size += k
	}
	return spotOf(n), size
}

// last sorts the changes by key and keeps the last one of each, but no deletions
// if nothing before them has to be hidden.
func (s *sorter) last() {
	slices.SortFunc(s.entries, func(a, b entry) int {
		if c := bytes.Compare(s.key(a), s.key(b)); c != 0 {
			return c
		}
		return cmp.Compare(a.at, b.at)
	})
	kept := s.entries[:0]
	for i, e := range s.entries {
		if i+1 < len(s.entries) && bytes.Equal(s.key(e), s.key(s.entries[i+1])) {
			continue
		}
		if at, _ := s.spot(e); !at.rev.Tombstone || len(s.runs) > 0 {
			kept = append(kept, e)
		}
	}
	s.entries = kept
}

// shrink makes room: it drops changes that are not the last of their key, and
// writes the others to the file unless they are few.
func (s *sorter) shrink() error {
	s.last()
	size := 0
	for _, e := range s.entries {
		_, n := s.spot(e)
		size += int(e.key) + n
	}
	if size > s.budget/2 {
		return s.spill()
	}
	data := make([]byte, 0, cap(s.data))
	for i, e := range s.entries {
		_, n := s.spot(e)
		s.entries[i].at = uint32(len(data)) //nolint:gosec // see add
		data = append(data, s.data[e.at:int(e.at+e.key)+n]...)
	}
	s.data = data
	return nil
}

// spill writes what is in memory, which last has sorted, to the file, as one more
// run.
func (s *sorter) spill() (err error) {
	if s.file == nil {
		if s.file, err = spill.New(); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(s.file, 1<<20)
	var size []byte
	for _, e := range s.entries {
		_, n := s.spot(e)
		size = binary.AppendUvarint(size[:0], uint64(e.key))
		change := s.data[e.at : int(e.at+e.key)+n]
		_, err := w.Write(size)
		if err == nil {
			_, err = w.Write(change)
		}
		if err != nil {
			return spill.Full(err)
		}
		s.size += int64(len(size) + len(change))
	}
	if err := w.Flush(); err != nil {
		return spill.Full(err)
	}
	s.runs = append(s.runs, s.size)
	s.data, s.entries = s.data[:0], s.entries[:0]
	return nil
}

func (s *sorter) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// each hands the live keys to use in the order of their names, until that
// returns false. Nothing may be added any more.
func (s *sorter) each(use func(key []byte, at spot) (bool, error)) error {
	s.last()
	if len(s.runs) == 0 {
		for _, e := range s.entries {
			at, _ := s.spot(e)
			if more, err := use(s.key(e), at); err != nil || !more {
				return err
			}
		}
		return nil
	}
	if err := s.spill(); err != nil {
		return err
	}
	s.data, s.entries = nil, nil
	return s.merge(use)
}

// merge reads all runs side by side. Of a key that several have, the last run
// has the last change.
func (s *sorter) merge(use func(key []byte, at spot) (bool, error)) error {
	var h runHeap
	from := int64(0)
	for i, end := range s.runs {
		r := &run{order: i, r: bufio.NewReaderSize(io.NewSectionReader(s.file, from, end-from), runBuffer)}
		from = end
		ok, err := r.next()
		if err != nil {
			return err
		}
		if ok {
			h = append(h, r)
		}
	}
	heap.Init(&h)
	var before []byte
	first := true
	for len(h) > 0 {
		r := h[0]
		if fresh := first || !bytes.Equal(before, r.key); fresh {
			first, before = false, append(before[:0], r.key...)
			if !r.at.rev.Tombstone {
				if more, err := use(r.key, r.at); err != nil || !more {
					return err
				}
			}
		}
		ok, err := r.next()
		if err != nil {
			return err
		}
		if ok {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	return nil
}

// run reads a sorted run.
type run struct {
	order int // among the runs
	r     *bufio.Reader
	key   []byte
	at    spot
}

// next reads the next key; false is the end.
func (r *run) next() (bool, error) {
	size, err := binary.ReadUvarint(r.r)
	if err == io.EOF { //nolint:errorlint // a bufio.Reader returns it as it is, and only here it is the end
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.key = slices.Grow(r.key[:0], int(size))[:size]
	if _, err := io.ReadFull(r.r, r.key); err != nil {
		return false, err
	}
	var n [spotNumbers]uint64
	for i := range n {
		if n[i], err = binary.ReadUvarint(r.r); err != nil {
			return false, err
		}
	}
	r.at = spotOf(n)
	return true, nil
}

// spotNumbers is how many numbers a spot is written as.
const spotNumbers = 9

func appendSpot(b []byte, at spot) []byte {
	tombstone := uint64(0)
	if at.rev.Tombstone {
		tombstone = 1
	}
	for _, n := range [spotNumbers]uint64{
		at.page, uint64(at.element), uint64(at.rev.Main), uint64(at.rev.Sub), tombstone,
		uint64(at.create), uint64(at.version), uint64(at.lease), uint64(at.size),
	} {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// spotOf is the reverse of appendSpot.
func spotOf(n [spotNumbers]uint64) spot {
	return spot{
		page: n[0], element: int(n[1]), rev: Revision{Main: int64(n[2]), Sub: int64(n[3]), Tombstone: n[4] == 1},
		create: int64(n[5]), version: int64(n[6]), lease: int64(n[7]), size: int(n[8]),
	}
}

// runHeap orders runs by their keys, of equal ones the last run first.
type runHeap []*run

func (h runHeap) Len() int      { return len(h) }
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h runHeap) Less(i, j int) bool {
	if c := bytes.Compare(h[i].key, h[j].key); c != 0 {
		return c < 0
	}
	return h[i].order > h[j].order
}

// Push implements heap.Interface.
func (h *runHeap) Push(x any) { *h = append(*h, x.(*run)) }

// Pop implements heap.Interface.
func (h *runHeap) Pop() any {
	n := len(*h) - 1
	r := (*h)[n]
	*h = (*h)[:n]
	return r
}
