package diff

import (
	"bytes"
	"context"
	"iter"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
	"etcdkit/keyspace/fence/fencekey"
)

// Side is one of the two keyspaces that are compared: the keys with a prefix in
// a source, at a revision.
type Side struct {
	Source keyspace.Source
	Prefix string
	Rev    int64 // 0 is the latest
}

// Change is a key that the two sides do not have with the same value. Old is nil
// if only the new side has it, New if only the old side has it.
type Change struct{ Old, New *mvccpb.KeyValue }

// Kind is what happened to a key.
type Kind string

// The kinds of changes from the old side to the new one.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// Kind returns which change it is.
func (c Change) Kind() Kind {
	switch {
	case c.Old == nil:
		return Added
	case c.New == nil:
		return Removed
	}
	return Changed
}

// Key returns the key on the new side, or on the old one if only that has it.
func (c Change) Key() []byte {
	if c.New != nil {
		return c.New.GetKey()
	}
	return c.Old.GetKey()
}

// Between yields the differences of two sides in the order of what follows the
// prefix in each key. Keys are the same if that is, and differ if their values
// do; revisions and leases do not count. Fences are left out. Both sides are
// read page by page, so memory is that of two pages. An error ends the
// differences.
func Between(ctx context.Context, older, newer Side) iter.Seq2[Change, error] {
	return between(pull(ctx, older, fencekey.Is), pull(ctx, newer, fencekey.Is), func(a, b *mvccpb.KeyValue) bool {
		return bytes.Equal(a.GetValue(), b.GetValue())
	})
}

// By is Between with all keys, also fences, and its own test for two pairs of one
// key that are the same.
func By(ctx context.Context, older, newer Side, same func(a, b *mvccpb.KeyValue) bool) iter.Seq2[Change, error] {
	none := func(*mvccpb.KeyValue) bool { return false }
	return between(pull(ctx, older, none), pull(ctx, newer, none), same)
}

func between(open, openNewer func() *cursor, equal func(a, b *mvccpb.KeyValue) bool) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		a, b := open(), openNewer()
		defer a.stop()
		defer b.stop()
		a.next()
		b.next()
		for a.err == nil && b.err == nil && (a.kv != nil || b.kv != nil) {
			c, same := step(a, b, equal)
			if !same && !yield(c, nil) {
				return
			}
			if c.Old != nil {
				a.next()
			}
			if c.New != nil {
				b.next()
			}
		}
		for _, side := range []*cursor{a, b} {
			if side.err != nil {
				yield(Change{}, keyspace.Unbroken(side.err))
				return
			}
		}
	}
}

// step returns the first of the keys at two cursors, of which one at least is at
// a key, and whether both have it with the same value.
func step(a, b *cursor, equal func(a, b *mvccpb.KeyValue) bool) (c Change, same bool) {
	order := 0
	switch {
	case a.kv == nil:
		order = 1
	case b.kv == nil:
		order = -1
	default:
		order = strings.Compare(a.name(), b.name())
	}
	switch {
	case order < 0:
		return Change{Old: a.kv}, false
	case order > 0:
		return Change{New: b.kv}, false
	}
	return Change{a.kv, b.kv}, equal(a.kv, b.kv)
}

// cursor is at a key of one side; kv is nil after the last one and after an
// error.
type cursor struct {
	pages  func() (*keyspace.Page, error, bool)
	stop   func()
	page   []*mvccpb.KeyValue // what is left of the page
	kv     *mvccpb.KeyValue
	prefix int // length
	skips  func(*mvccpb.KeyValue) bool
	err    error
}

// pull returns a function that begins to read a side.
func pull(ctx context.Context, s Side, skips func(*mvccpb.KeyValue) bool) func() *cursor {
	return func() *cursor {
		ctx, cancel := context.WithCancel(ctx)
		r := keyspace.Prefix(s.Prefix)
		r.Rev = s.Rev
		c := &cursor{prefix: len(s.Prefix), skips: skips}
		pages, stop := iter.Pull2(s.Source.Pages(ctx, r))
		c.pages, c.stop = pages, func() { cancel(); stop() }
		return c
	}
}

// name is what follows the prefix in the key.
func (c *cursor) name() string { return string(c.kv.GetKey()[c.prefix:]) }

// next goes to the next key that is not skipped.
func (c *cursor) next() {
	for {
		for len(c.page) == 0 {
			page, err, ok := c.pages()
			if c.err = err; !ok || err != nil {
				c.kv = nil
				return
			}
			c.page = page.KVs
		}
		c.kv, c.page = c.page[0], c.page[1:]
		if !c.skips(c.kv) {
			return
		}
	}
}
