package bolt

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"etcdkit/snapshot/internal/dbtest"
)

// layered is a bucket "b" of random elements with a random layer over it, and
// what both make together.
type layered struct {
	file  *File
	names []string // of all keys, sorted
	value map[string]string
}

func newLayered(t *testing.T, r *rand.Rand) layered {
	t.Helper()
	l := layered{value: map[string]string{}}
	key := func() string { return fmt.Sprintf("k%04d", r.IntN(600)) }
	b := dbtest.Bytes(t, dbtest.Layout{PageSize: 1024}, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		for range r.IntN(500) * r.IntN(2) {
			k := key()
			l.value[k] = "file"
			if err == nil {
				err = b.Put([]byte(k), []byte("file"))
			}
		}
		return err
	})
	changes := map[string]Change{}
	for range r.IntN(40) {
		k := key()
		changes[k] = Change{Key: []byte(k), Value: []byte("layer"), Deleted: r.IntN(3) == 0}
	}
	if len(l.value) > 0 && r.IntN(2) == 0 {
		last := slices.Max(slices.Collect(maps.Keys(l.value)))
		changes[last] = Change{Key: []byte(last), Deleted: true}
	}
	layer := Layer{"new": {{Key: []byte("k"), Value: []byte("v")}}}
	for _, k := range slices.Sorted(maps.Keys(changes)) {
		layer["b"] = append(layer["b"], changes[k])
		l.value[k] = string(changes[k].Value)
		if changes[k].Deleted {
			delete(l.value, k)
		}
	}
	l.names = slices.Sorted(maps.Keys(l.value))
	l.file = open(t, b)
	l.file.Lay(layer)
	return l
}

func (l layered) want(from, below string) string {
	var all []string
	for _, k := range l.names {
		if k >= from && (below == "" || k < below) {
			all = append(all, k+"="+l.value[k])
		}
	}
	return strings.Join(all, " ")
}

// read returns the elements of a cursor, and finds each again at its place.
func read(t *testing.T, b *Bucket, c *Cursor) []string {
	t.Helper()
	var all []string
	again := b.Reader()
	for c.Next() {
		all = append(all, fmt.Sprintf("%s=%s", c.Key(), c.Value()))
		if v, ok, err := again.Value(c.Place()); string(v) != string(c.Value()) || !ok || err != nil {
			t.Errorf("%q is not at its place: %q, %v, %v", c.Key(), v, ok, err)
		}
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	return all
}

// A file with a layer reads as if the changes had been written to it: forward,
// backward, from a key on and in parts.
func TestLayer(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		l := newLayered(t, r)
		b, ok, err := l.file.Bucket(t.Context(), "b")
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		check := func(how, want string, got []string) {
			t.Helper()
			if got := strings.Join(got, " "); got != want {
				t.Fatalf("seed %d, %s:\n got %s\nwant %s", seed, how, got, want)
			}
		}
		check("forward", l.want("", ""), read(t, b, b.Cursor(t.Context())))
		at := fmt.Sprintf("k%04d", r.IntN(620))
		from := slices.DeleteFunc(read(t, b, b.CursorFrom(t.Context(), []byte(at))), func(e string) bool { return e < at })
		check("from "+at, l.want(at, ""), from)
		for _, below := range []string{"", at} {
			var limit []byte
			if below != "" {
				limit = []byte(below)
			}
			back := read(t, b, b.CursorBack(t.Context(), limit))
			slices.Reverse(back)
			check("backward from "+below, l.want("", below), slices.DeleteFunc(back, func(e string) bool { return below != "" && e[:5] >= below }))
		}
		var mu sync.Mutex
		parts, err := InParts(t.Context(), b, Parts{}, func(c *Cursor) ([]string, error) {
			mu.Lock()
			defer mu.Unlock()
			return read(t, b, c), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		check("in parts", l.want("", ""), slices.Concat(parts...))
		last := ""
		if len(l.names) > 0 {
			last = l.names[len(l.names)-1]
		}
		if got, err := b.LastKey(t.Context()); string(got) != last || err != nil {
			t.Fatalf("seed %d: last key %q, %v, want %q", seed, got, err, last)
		}
		only, ok, err := l.file.Bucket(t.Context(), "new")
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		check("a bucket of the layer's", "k=v", read(t, only, only.Cursor(t.Context())))
	}
}
