package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// specimen is a file with pages of every kind, each of which is on several.
func specimen(t testing.TB, freelist bool) []byte {
	t.Helper()
	h := newHistory()
	for i := range 120 {
		h.put(strings.Repeat("v", i%50), fmt.Sprintf("key/%03d", i))
	}
	h.put(strings.Repeat("large", 600), "large")
	h.compact(40, 1<<30)
	return readFile(t, h.write(t, layout{pageSize: 1024, freelist: freelist, plain: true}))
}

// kinds returns the pages of a specimen by kind.
func kinds(b []byte) map[string][]int {
	m := map[string][]int{}
	names := map[uint16]string{4: "meta", branchPage: "branch", leafPage: "leaf", freelistPage: "freelist"}
	for id := 0; id < len(b)/1024; {
		at, flags, more := header(b[id*1024:])
		name := names[flags]
		if at != uint64(id) || name == "" { // a page that was never written
			id++
			continue
		}
		m[name] = append(m[name], id)
		id += 1 + more
	}
	return m
}

// memory is a file in memory.
type memory struct {
	*bytes.Reader
}

func inMemory(b []byte) memory { return memory{bytes.NewReader(b)} }

func (m memory) Stat() (fs.FileInfo, error) { return m, nil }
func (memory) Close() error                 { return nil }
func (memory) Name() string                 { return "memory" }
func (memory) Mode() fs.FileMode            { return 0o600 }
func (memory) ModTime() time.Time           { return time.Time{} }
func (memory) IsDir() bool                  { return false }
func (memory) Sys() any                     { return nil }

// status opens and scans, as long as that goes.
func status(t testing.TB, b []byte) (Status, error) {
	t.Helper()
	f, err := newFile(inMemory(b), "memory")
	if err != nil {
		return Status{}, err
	}
	return f.Status(t.Context())
}

// TestTruncated cuts a snapshot at and around every page, and everywhere in
// its last bytes. Only without all of its sha256, it is a file of its own.
func TestTruncated(t *testing.T) {
	t.Parallel()
	plain := specimen(t, false)
	whole := withSum(plain)
	cuts := []int{0, 1, 15, 16, 31, 32, 33, 79, 80, 81}
	for at := 1024; at < len(plain); at += 1024 {
		cuts = append(cuts, at-512, at-480, at-1, at, at+1, at+15, at+16, at+32, at+512+32)
	}
	for n := 1; n <= 40; n++ {
		cuts = append(cuts, len(whole)-n)
	}
	for _, n := range cuts {
		st, err := status(t, whole[:n])
		if r := verified(t, whole[:n]); (len(r.Faults) == 0) != (n == len(plain)) {
			t.Errorf("cut at %d of %d: Verify: %+v", n, len(whole), r)
		}
		if n == len(plain) {
			if err != nil || st.HasChecksum {
				t.Errorf("without its sha256: %+v, %v", st, err)
			}
			continue
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut at %d of %d: %+v, %v", n, len(whole), st, err)
		}
	}
}

// TestGrown appends to a snapshot.
func TestGrown(t *testing.T) {
	t.Parallel()
	whole := withSum(specimen(t, false))
	for _, n := range []int{1, 31, 32, 480, 512, 1024} {
		if st, err := status(t, append(slices.Clone(whole), make([]byte, n)...)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes more: %+v, %v", n, st, err)
		}
	}
}

// TestFlippedBits flips bits on pages of each kind: in all headers, in element
// tables, and in content. With a sha256 each one is found; without, none may do
// worse than to go unnoticed, and those of the structure may not.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	for _, freelist := range []bool{false, true} {
		plain := specimen(t, freelist)
		whole := withSum(plain)
		inTree := treePages(t, plain)
		for kind, pages := range kinds(plain) {
			t.Run(fmt.Sprintf("%s/freelist=%v", kind, freelist), func(t *testing.T) {
				t.Parallel()
				for _, page := range sample(pages) {
					for off := 0; off < 1024; off += flipStep(off) {
						for _, bit := range []byte{0x01, 0x40} {
							at := page*1024 + off
							checkFlip(t, whole, plain, inTree, at, bit)
						}
					}
				}
			})
		}
	}
}

// sample returns a few of the pages of one kind.
func sample(pages []int) []int {
	if n := len(pages); n > 5 {
		return []int{pages[0], pages[1], pages[n/2], pages[n-2], pages[n-1]}
	}
	return pages
}

// flipStep is 1 in a page's header and its first elements, and a few bytes in
// the rest.
func flipStep(off int) int {
	if off < pageHeaderSize+4*elementSize {
		return 1
	}
	return 37
}

func checkFlip(t *testing.T, whole, plain []byte, inTree map[int]bool, at int, bit byte) {
	t.Helper()
	files := [][]byte{plain}
	if bit == 1 { // a hash finds one bit as well as the other
		files = append(files, whole)
	}
	for _, b := range files {
		b = slices.Clone(b)
		b[at] ^= bit
		_, err := status(t, b)
		if r := verified(t, b); err != nil && len(r.Faults) == 0 {
			t.Errorf("byte %d, bit %#x: not found by Verify: %v", at, bit, err)
		}
		switch {
		case err != nil && !errors.Is(err, ErrCorrupt):
			t.Errorf("byte %d, bit %#x: %v", at, bit, err)
		case err == nil && len(b) == len(whole):
			t.Errorf("byte %d, bit %#x: not found by the sha256", at, bit)
		case err == nil && at/1024 > 1 && at%1024 < 10 && inTree[at/1024]:
			t.Errorf("byte %d, bit %#x: wrong id or type of a page not found", at, bit)
		}
	}
}

// treePages returns the first pages of all branches and leaves in use, and that
// of the freelist, as bbolt knows them.
func treePages(t *testing.T, b []byte) map[int]bool {
	t.Helper()
	db, err := bolt.Open(writeFile(t, b), 0o400, &bolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	used := map[int]bool{}
	err = db.View(func(tx *bolt.Tx) error {
		for id := 2; id < len(b)/1024; {
			p, err := tx.Page(id)
			if err != nil || p == nil {
				return err
			}
			used[id] = p.Type != "free"
			id++
			if used[id-1] {
				id += p.OverflowCount
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(used) < 10 {
		t.Fatalf("%d pages", len(used))
	}
	return used
}

// TestCraftedDamage breaks one thing each, as no accident would.
func TestCraftedDamage(t *testing.T) {
	t.Parallel()
	e := binary.NativeEndian
	plain := specimen(t, true)
	k := kinds(plain)
	branch := k["branch"][len(k["branch"])-1] // the newest pages come last
	leaf := int(e.Uint64(plain[branch*1024+pageHeaderSize+8:]))
	second := int(e.Uint64(plain[branch*1024+pageHeaderSize+elementSize+8:]))
	free := k["freelist"][len(k["freelist"])-1]
	elem := func(page, i int) int { return page*1024 + pageHeaderSize + i*elementSize }
	u32 := func(at int, v uint32) func([]byte) { return func(b []byte) { e.PutUint32(b[at:], v) } }
	u64 := func(at int, v int) func([]byte) { return func(b []byte) { e.PutUint64(b[at:], uint64(v)) } }
	u16 := func(at int, v uint16) func([]byte) { return func(b []byte) { e.PutUint16(b[at:], v) } }
	end := len(plain) / 1024
	for _, tc := range []struct {
		name   string
		damage func([]byte)
		want   string
	}{
		{"cycle", func(b []byte) {
			e.PutUint16(b[branch*1024+10:], 1)
			e.PutUint64(b[elem(branch, 0)+8:], uint64(branch))
		}, fmt.Sprintf(`page %d, bucket "key": the page is referred to more than once`, branch)},
		{"cycle that breaks the order", u64(elem(branch, 1)+8, branch), `: the key is out of order among the branches`},
		{"leaf twice", u64(elem(branch, 1)+8, leaf), fmt.Sprintf(`page %d, bucket "key": `, leaf)},
		{"child past the end", u64(elem(branch, 1)+8, end), fmt.Sprintf(`bucket "key": reference to page %d, outside the pages in use (2 to %d)`, end, end)},
		{"child far past the end", u64(elem(branch, 1)+8, -1), fmt.Sprintf(`bucket "key": reference to page 18446744073709551615, outside the pages in use (2 to %d)`, end)},
		{"child is a meta page", u64(elem(branch, 0)+8, 1), `bucket "key": reference to page 1, outside`},
		{"child is the freelist", u64(elem(branch, 1)+8, free), fmt.Sprintf(`page %d, bucket "key": flags 0x10 where a branch or a leaf should be`, free)},
		{"key of a branch past the page", u32(elem(branch, 1)+4, 1<<31), fmt.Sprintf(`page %d, bucket "key": key of branch element 1 reaches outside the page`, branch)},
		{"position before the elements", u32(elem(leaf, 0)+4, 0), fmt.Sprintf(`page %d, bucket "key": key or value of leaf element 0 reaches outside the page`, leaf)},
		{"key past the page", u32(elem(leaf, 0)+8, 1<<32-1), fmt.Sprintf(`page %d, bucket "key": key or value of leaf element 0 reaches outside the page`, leaf)},
		{"value past the page", u32(elem(leaf, 0)+12, 2000), fmt.Sprintf(`page %d, bucket "key": key or value of leaf element 0 reaches outside the page`, leaf)},
		{"too many elements", u16(leaf*1024+10, 65535), fmt.Sprintf(`page %d, bucket "key": 65535 elements need 1048576 bytes, the page has 1024`, leaf)},
		{"no branches", u16(branch*1024+10, 0), fmt.Sprintf(`page %d, bucket "key": a branch without elements`, branch)},
		{"continues past the end", u32(leaf*1024+12, 1<<20), fmt.Sprintf(`page %d, bucket "key": continues for 1048576 pages, past the last page in use (%d)`, leaf, end-1)},
		{"continues into the next page", u32(leaf*1024+12, 1), `: the page is referred to more than once`},
		{"wrong id", u64(leaf*1024, leaf+1), fmt.Sprintf(`page %d, bucket "key": the page says that it is page %d`, leaf, leaf+1)},
		{"keys out of order", swapKeys(elem(leaf, 0), elem(leaf, 1)), fmt.Sprintf(`page %d, bucket "key", key `, leaf)},
		{"leaves out of order", func(b []byte) {
			e.PutUint64(b[elem(branch, 0)+8:], uint64(second))
			e.PutUint64(b[elem(branch, 1)+8:], uint64(leaf))
		}, `: the key is above the range of its page`},
		{"bucket as a record", u32(elem(leaf, 0), bucketFlag), `: a bucket where only records should be`},
		{"free page past the end", u64(free*1024+pageHeaderSize, end), fmt.Sprintf("page %d: free page %d, outside the pages in use (2 to %d)", free, end, end)},
		{"page free and in use", u64(free*1024+pageHeaderSize, leaf), fmt.Sprintf(`page %d, bucket "key": the page is in use and in the freelist`, leaf)},
		{"freelist lists itself", u64(free*1024+pageHeaderSize, free), fmt.Sprintf("page %d: the page is in use and in the freelist", free)},
		{"freelist too long", u16(free*1024+10, 2000), fmt.Sprintf("page %d: 2000 free pages do not fit into the freelist's 1024 bytes", free)},
		{"freelist far too long", func(b []byte) {
			e.PutUint16(b[free*1024+10:], 0xFFFF)
			e.PutUint64(b[free*1024+pageHeaderSize:], 1<<63)
		}, fmt.Sprintf("page %d: 9223372036854775808 free pages do not fit into the freelist's 1024 bytes", free)},
		{"page lost", func(b []byte) { e.PutUint16(b[free*1024+10:], e.Uint16(b[free*1024+10:])-1) }, ": the page is neither in use nor in the freelist"},
		{"freelist is a leaf", u16(free*1024+8, leafPage), fmt.Sprintf("page %d: flags 0x2 where the freelist should be", free)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := slices.Clone(plain)
			tc.damage(b)
			st, err := status(t, b)
			if err == nil || !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %+v, %v\nwant %s", st, err, tc.want)
			}
			r := verified(t, b)
			if !slices.ContainsFunc(r.Faults, func(f Fault) bool { return strings.Contains(f.First.Error(), tc.want) }) {
				t.Errorf("Verify: got %v\nwant %s", r, tc.want)
			}
		})
	}
}

// swapKeys makes two elements point to each other's key.
func swapKeys(a, b int) func([]byte) {
	return func(data []byte) {
		e := binary.NativeEndian
		pa, pb := e.Uint32(data[a+4:]), e.Uint32(data[b+4:])
		e.PutUint32(data[a+4:], pb+uint32(b-a))
		e.PutUint32(data[b+4:], pa-uint32(b-a))
	}
}
