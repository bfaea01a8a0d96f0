package transfer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	client "go.etcd.io/etcd/client/v2"
)

// Pair is a key of v2 and the key of v3 that stands for it.
type Pair struct {
	From     string // v2's
	Key      string // v3's
	Value    string
	Until    time.Time // when it ends, by the local clock; zero for never
	Modified uint64    // v2's index of the last change
}

func (p Pair) size() int { return len(p.Key) + len(p.Value) }

// Names says which key of v3 stands for one of v2, all of which are below From,
// a clean path: To takes its place. A To that ends with a slash has the rest put
// behind it without another.
type Names struct{ From, To string }

func (n Names) of(key string) string {
	rest := strings.TrimPrefix(key, strings.TrimSuffix(n.From, "/"))
	if strings.HasSuffix(n.To, "/") {
		rest = strings.TrimPrefix(rest, "/")
	}
	return n.To + rest
}

// Tree is what v2 held. All of it is in memory: v2 gives a tree in one answer
// or not at all.
type Tree struct {
	Cluster string
	Index   uint64 // v2's, when it was read
	Pairs   []Pair // in the order of v2's keys, once it is sorted
	Dirs    int    // directories, the one that was read not counted
	Empty   int    // of them without anything in it that could be seen
	Unclear int    // values that may have held bytes which v2's JSON can't show
}

// Add adds a node, with all that is below it, which was read at the time of at
// on the local clock. until is when what it is in ends, or zero.
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
