// Package children finds the children of a prefix, as the files and directories
// of a directory. A source may leave out what lies below them.
//
// It may import keyspace and keyspace/fence/fencekey, whose keys it leaves out,
// and nothing of etcd.
package children

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"etcdkit/keyspace"
	"etcdkit/keyspace/fence/fencekey"
)

// Child is a key directly below a prefix, or the part that several keys share
// up to and including the first separator after the prefix.
type Child struct {
	Name string // complete, from the first byte of the keys
	Dir  bool   // it ends with the separator; a key of that name may exist as well
}

// Query says which children to list.
type Query struct {
	Prefix, Separator string // the separator is not empty
	Within            string // only names that begin so, which is with the prefix; "" means all
	Rev               int64  // 0 means the latest revision
	AtOnce            bool   // as that of a keyspace.Range
}

// List is the children of a prefix at one revision.
type List struct {
	Head     keyspace.Head
	Children iter.Seq2[Child, error] // in order, to be taken once; an error is the last
	Close    func()                  // ends the reading
}

// Of starts a list; the children are read as they are consumed. The caller
// closes the list.
func Of(ctx context.Context, src keyspace.Source, q Query) (List, error) {
	r := keyspace.Prefix(cmp.Or(q.Within, q.Prefix))
	r.Rev, r.KeysOnly, r.AtOnce, r.Skip = q.Rev, true, q.AtOnce, q.skip
	next, stop := iter.Pull2(src.Pages(ctx, r))
	page, err, ok := next()
	if err != nil {
		stop()
		return List{}, err
	}
	children := func(yield func(Child, error) bool) {
		dir := "" // the last child if it is a directory
		for ; ok; page, err, ok = next() {
			if err != nil {
				yield(Child{}, keyspace.Unbroken(err))
				return
			}
			for _, kv := range page.KVs {
				key := string(kv.GetKey())
				if dir != "" && strings.HasPrefix(key, dir) || fencekey.Is(kv) {
					continue
				}
				c := q.child(key)
				if dir = ""; c.Dir {
					dir = c.Name
				}
				if !yield(c, nil) {
					return
				}
			}
		}
	}
	list := List{Children: children, Close: stop}
	if ok {
		list.Head = page.Head
	}
	return list, nil
}

// child returns the child that a key with the prefix belongs to. A separator
// right after the prefix does not end its name.
func (q Query) child(key string) Child {
	from := len(q.Prefix)
	if strings.HasPrefix(key[from:], q.Separator) {
		from += len(q.Separator)
	}
	if i := strings.Index(key[from:], q.Separator); i >= 0 {
		return Child{key[:from+i+len(q.Separator)], true}
	}
	return Child{key, false}
}

// skip returns the first key after the directory that a key is in, and the key
// itself if it is in none.
func (q Query) skip(key []byte) string {
	c := q.child(string(key))
	if !c.Dir {
		return c.Name
	}
	return keyspace.After(c.Name)
}
