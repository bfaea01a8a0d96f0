package transfer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	client "go.etcd.io/etcd/client/v2"
)

// Pair is a key of v2 and the corresponding key of v3.
type Pair struct {
	From     string // v2's
	Key      string // v3's
	Value    string
	Until    time.Time // when it ends, by the local clock; zero for never
	Modified uint64    // v2's index of the last change
}

func (p Pair) size() int { return len(p.Key) + len(p.Value) }

// Names maps keys of v2, all of them below From, a clean path, to keys of v3:
// it replaces From by To. If To ends with a slash, the rest is appended without
// another slash.
type Names struct{ From, To string }

func (n Names) of(key string) string {
	rest := strings.TrimPrefix(key, strings.TrimSuffix(n.From, "/"))
	if strings.HasSuffix(n.To, "/") {
		rest = strings.TrimPrefix(rest, "/")
	}
	return n.To + rest
}

// Tree is the contents of v2. All of it is in memory: v2 returns a tree in one
// answer or not at all.
type Tree struct {
	Cluster string
	Index   uint64 // v2's, when it was read
	Pairs   []Pair // in the order of v2's keys, once it is sorted
	Dirs    int    // directories, the one that was read not counted
	Empty   int    // of them without anything in it that could be seen
	Unclear int    // values that may have held bytes which v2's JSON can't show
}

// Add adds a node and everything below it, which was read at the time at of the
// local clock. until is the expiry time of its directory, or zero.
func (t *Tree) Add(n *client.Node, names Names, at, until time.Time) {
	if n.Expiration != nil {
		end := at.Add(time.Duration(n.TTL) * time.Second)
		if until.IsZero() || end.Before(until) {
			until = end
		}
	}
	if !n.Dir {
		t.Pairs = append(t.Pairs, Pair{n.Key, names.of(n.Key), n.Value, until, n.ModifiedIndex})
		if strings.ContainsRune(n.Value, '\uFFFD') {
			t.Unclear++
		}
		return
	}
	for _, child := range n.Nodes {
		if child.Dir {
			t.Dirs++
			if len(child.Nodes) == 0 {
				t.Empty++
			}
		}
		t.Add(child, names, at, until)
	}
}

// Sort brings the pairs in order and drops those that were added twice.
func (t *Tree) Sort() {
	slices.SortStableFunc(t.Pairs, func(a, b Pair) int { return cmp.Compare(a.From, b.From) })
	t.Pairs = slices.CompactFunc(t.Pairs, func(a, b Pair) bool { return a.From == b.From })
}
