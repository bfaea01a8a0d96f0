package bolt

import (
	"encoding/binary"
	"testing"
)

// leafOf makes a leaf of elements: flags, position in the page, key size and
// value size.
func leafOf(size int, elements ...[4]int) page {
	e := binary.NativeEndian
	b := make([]byte, size)
	e.PutUint16(b[8:], leafPage)
	e.PutUint16(b[10:], uint16(len(elements)))
	for i, el := range elements {
		at := pageHeaderSize + i*elementSize
		e.PutUint32(b[at:], uint32(el[0]))
		e.PutUint32(b[at+4:], uint32(el[1]-at))
		e.PutUint32(b[at+8:], uint32(el[2]))
		e.PutUint32(b[at+12:], uint32(el[3]))
	}
	for i := pageHeaderSize + len(elements)*elementSize; i < size; i++ {
		b[i] = byte(i)
	}
	return parsePage(b)
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		elements [][4]int
		from, to int // of the run; 0 for none
	}{
		{"no elements", nil, 0, 0},
		{"one", [][4]int{{0, 32, 2, 3}}, 32, 37},
		{"two", [][4]int{{0, 48, 2, 3}, {0, 53, 1, 0}}, 48, 54},
		{"not at the first byte", [][4]int{{0, 50, 2, 3}, {0, 55, 1, 4}}, 50, 60},
		{"a gap", [][4]int{{0, 48, 2, 3}, {0, 54, 1, 0}}, 0, 0},
		{"one over the other", [][4]int{{0, 48, 2, 3}, {0, 52, 1, 0}}, 0, 0},
		{"the wrong way round", [][4]int{{0, 53, 1, 0}, {0, 48, 2, 3}}, 0, 0},
		{"a bucket", [][4]int{{0, 48, 2, 3}, {bucketFlag, 53, 1, 0}}, 0, 0},
		{"into the elements", [][4]int{{0, 47, 2, 3}, {0, 52, 1, 0}}, 0, 0},
		{"to the end", [][4]int{{0, 48, 2, 3}, {0, 53, 1, 10}}, 48, 64},
		{"past the end", [][4]int{{0, 48, 2, 3}, {0, 53, 1, 11}}, 0, 0},
		{"far past the end", [][4]int{{0, 48, 1<<32 - 1, 1<<32 - 1}}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := leafOf(64, tc.elements...)
			got := p.run()
			if (got == nil) != (tc.to == 0) || len(got) != tc.to-tc.from {
				t.Fatalf("%d bytes", len(got))
			}
			if got != nil && &got[0] != &p.data[tc.from] {
				t.Error("from elsewhere")
			}
		})
	}
}
