package v2tree

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"

	"etcdkit/snapshot"
)

// Tree is the tree as clients of v2 see it, hidden keys included.
type Tree struct {
	// Index is that of the last change.
	Index uint64
	// Uncommitted is the number of entries of the WAL that were omitted, since
	// the cluster may not have agreed on them.
	Uncommitted int
	// Torn is the file of the WAL whose last record was not written to its end;
	// "" where none is.
	Torn string
	// NoDatabase reports that there was no database, so that the last applied
	// entry is unknown and nothing kept a server from starting.
	NoDatabase bool
	// Members are the ids of the members of the cluster that the store has, in
	// ascending order.
	Members []uint64

	root *node
}

// Node is a key or a directory.
type Node struct {
	Key        string // with a leading slash, as clients see it
	Value      string
	Dir        bool
	Hidden     bool      // its name, or that of a directory above, begins with "_"
	Expiration time.Time // zero is never
	Created    uint64    // index
	Modified   uint64    // index
}

// node is one of the store's, as its JSON has it.
type node struct {
	Path                        string
	CreatedIndex, ModifiedIndex uint64
	ExpireTime                  time.Time
	Value                       string
	Children                    map[string]*node // nil if it is not a directory
}

// treeOf takes the tree from the store through its JSON, the only form in which
// it gives out hidden keys.
func treeOf(store v2store.Store) (*Tree, error) {
	var saved struct {
		Root         *node
		CurrentIndex uint64
	}
	err := recovered(func() error {
		b, err := store.SaveNoCopy()
		if err == nil {
			err = json.Unmarshal(b, &saved)
		}
		return err
	})
	if err == nil && saved.Root == nil {
		err = errors.New("it has no root")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the v2 store: %w", snapshot.ErrCorrupt, err)
	}
	t := &Tree{Index: saved.CurrentIndex, root: &node{}}
	if keys := saved.Root.Children[strings.TrimPrefix(keysRoot, "/")]; keys != nil {
		t.root = keys
	}
	return t, nil
}

// Walk calls f for every key and directory but the root, each directory before
// its contents, which are sorted by name. An error of f ends the walk and is
// returned.
func (t *Tree) Walk(f func(Node) error) error { return t.root.walk("", false, f) }

func (n *node) walk(key string, hidden bool, f func(Node) error) error {
	for _, name := range slices.Sorted(maps.Keys(n.Children)) {
		c := n.Children[name]
		if c == nil || c.Path != keysRoot+key+"/"+name {
			return fmt.Errorf("%w: the v2 store: key %q is not where it should be", snapshot.ErrCorrupt, key+"/"+name)
		}
		at := Node{
			Key: key + "/" + name, Value: c.Value, Dir: c.Children != nil,
			Hidden:     hidden || strings.HasPrefix(name, "_"),
			Expiration: c.ExpireTime, Created: c.CreatedIndex, Modified: c.ModifiedIndex,
		}
		if err := f(at); err != nil {
			return err
		}
		if err := c.walk(at.Key, at.Hidden, f); err != nil {
			return err
		}
	}
	return nil
}
