package usage

import (
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace/fence/fencekey"
)

// Sum is the total of some keys.
type Sum struct {
	Keys     int64
	Bytes    int64 // of keys and values
	Versions int64 // changes since each key was created, its creation included
}

func (s *Sum) add(o Sum) {
	s.Keys += o.Keys
	s.Bytes += o.Bytes
	s.Versions += o.Versions
}

// Of returns the sum of one key.
func Of(kv *mvccpb.KeyValue) Sum {
	return Sum{1, int64(len(kv.GetKey()) + len(kv.GetValue())), kv.GetVersion()}
}

// Node is a directory, or a key that is in no other directory than those above it.
type Node struct {
	Name  string // whole: a directory's ends with the separator
	Depth int    // 0 is the prefix itself
	Dir   bool
	Sum   Sum // of a directory that ends: of all keys in it

	// When a directory ends, and its contents are not too deep:
	Direct Sum  // of the keys that are in no directory below it
	Dirs   bool // it has directories
}

// Label is the node's name without those of the directories above it.
func (n Node) Label(above string) string { return strings.TrimPrefix(n.Name, above) }

// Walk walks through the keys that have a prefix. Directories deeper than Depth
// and their keys count for the directory that they are in.
type Walk struct {
	Prefix, Separator string
	Depth             int // 0 is no limit

	Begin func(Node)         // a directory, before its contents; its Sum is empty
	Key   func(Node, string) // a key that is not too deep, and the directory that it is in
	End   func(Node, string) // a directory, after its contents, and its parent

	open []Node
}

// Add adds the next key, which has the prefix. A fence of one of our commands is
// not counted.
func (w *Walk) Add(kv *mvccpb.KeyValue) {
	if fencekey.Is(kv) {
		return
	}
	key := string(kv.GetKey())
	w.begin()
	for len(w.open) > 1 && !strings.HasPrefix(key, w.top().Name) {
		w.close()
	}
	for w.Depth == 0 || len(w.open) <= w.Depth {
		n := w.part(key)
		if n == 0 {
			break
		}
		w.push(Node{Name: key[:n], Depth: len(w.open), Dir: true})
	}
	sum, in := Of(kv), w.top()
	in.Sum.add(sum)
	if w.Depth > 0 && len(w.open) > w.Depth {
		return
	}
	in.Direct.add(sum)
	if w.Key != nil {
		w.Key(Node{Name: key, Depth: len(w.open), Sum: sum}, in.Name)
	}
}

// part returns how much of a key is the name of the next directory that it is
// in, 0 for none. A separator directly after the prefix does not end a name.
func (w *Walk) part(key string) int {
	from := len(w.top().Name)
	if len(w.open) == 1 && strings.HasPrefix(key[from:], w.Separator) {
		from += len(w.Separator)
	}
	i := strings.Index(key[from:], w.Separator)
	if i < 0 {
		return 0
	}
	return from + i + len(w.Separator)
}

func (w *Walk) begin() {
	if len(w.open) == 0 {
		w.push(Node{Name: w.Prefix, Dir: true})
	}
}

func (w *Walk) top() *Node { return &w.open[len(w.open)-1] }

func (w *Walk) push(n Node) {
	if n.Depth > 0 {
		w.top().Dirs = true
		if w.Begin != nil {
			w.Begin(n)
		}
	}
	w.open = append(w.open, n)
}

// close ends the deepest directory.
func (w *Walk) close() {
	n := *w.top()
	w.open = w.open[:len(w.open)-1]
	w.top().Sum.add(n.Sum)
	if w.End != nil {
		w.End(n, w.top().Name)
	}
}

// Finish ends all directories, and returns the prefix with the sum of all keys.
func (w *Walk) Finish() Node {
	w.begin()
	for len(w.open) > 1 {
		w.close()
	}
	return w.open[0]
}
