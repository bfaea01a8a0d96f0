package snapshot

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"io"
	"maps"
	"slices"

	"etcdkit/internal/spill"
)

const (
	// sortBudget is how much memory a sorter takes, in bytes, as it estimates.
	sortBudget = 64 << 20
	// spotCost is what a key takes besides its name: its spot, its place in the
	// map, and what the map leaves free.
	spotCost = 200
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
}

// sorter sorts keys by their names and keeps the last spot of each. Keys are
// added in the order of their changes.
type sorter struct {
	budget int
	used   int
	last   map[string]spot
	file   *spill.File // nil as long as everything fits
	size   int64       // of file
	runs   []int64     // where each ends in file
}

func newSorter(budget int) *sorter { return &sorter{budget: budget, last: map[string]spot{}} }

// add notes a change of a key.
func (s *sorter) add(key []byte, at spot) error {
	if _, ok := s.last[string(key)]; ok {
		if at.rev.Tombstone && len(s.runs) == 0 { // nothing before it has to be hidden
			delete(s.last, string(key))
			s.used -= len(key) + spotCost
			return nil
		}
		s.last[string(key)] = at
		return nil
	}
	if at.rev.Tombstone && len(s.runs) == 0 {
		return nil
	}
	if s.used += len(key) + spotCost; s.used > s.budget && len(s.last) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
		s.used = len(key) + spotCost
	}
	s.last[string(key)] = at
	return nil
}

// spill writes what is in memory to the file, as one more run.
func (s *sorter) spill() (err error) {
	if s.file == nil {
		if s.file, err = spill.New(); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(s.file, 1<<20)
	var b []byte
	for _, key := range slices.Sorted(maps.Keys(s.last)) {
		b = appendSpot(b[:0], key, s.last[key])
		if _, err := w.Write(b); err != nil {
			return spill.Full(err)
		}
		s.size += int64(len(b))
	}
	if err := w.Flush(); err != nil {
		return spill.Full(err)
	}
	s.runs = append(s.runs, s.size)
	clear(s.last)
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
	if len(s.runs) == 0 {
		for _, key := range slices.Sorted(maps.Keys(s.last)) {
			if more, err := use([]byte(key), s.last[key]); err != nil || !more {
				return err
			}
		}
		return nil
	}
	if err := s.spill(); err != nil {
		return err
	}
	s.last = nil
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
	var n [8]uint64
	for i := range n {
		if n[i], err = binary.ReadUvarint(r.r); err != nil {
			return false, err
		}
	}
	r.at = spot{
		page: n[0], element: int(n[1]), rev: Revision{Main: int64(n[2]), Sub: int64(n[3]), Tombstone: n[4] == 1},
		create: int64(n[5]), version: int64(n[6]), lease: int64(n[7]),
	}
	return true, nil
}

func appendSpot(b []byte, key string, at spot) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
	tombstone := uint64(0)
	if at.rev.Tombstone {
		tombstone = 1
	}
	for _, n := range [...]uint64{
		at.page, uint64(at.element), uint64(at.rev.Main), uint64(at.rev.Sub), tombstone,
		uint64(at.create), uint64(at.version), uint64(at.lease),
	} {
		b = binary.AppendUvarint(b, n)
	}
	return b
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
