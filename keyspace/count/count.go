// Package count counts the keys of a range without the fences of our own
// commands.
//
// It imports keyspace and keyspace/fence/fencekey; never a client or a command.
package count

import (
	"context"
	"errors"
	"slices"

	"etcdkit/keyspace"
	"etcdkit/keyspace/fence/fencekey"
)

// Fences lists the keys of fences that exist at a revision; 0 is the latest.
type Fences func(ctx context.Context, rev int64) ([]string, error)

// Keys returns a page with the number of keys in a range and without pairs.
//
// fences lists the fences that may exist at a revision, so that a source can count
// keys without reading them. Without it, or if it returns errors.ErrUnsupported,
// the names of the keys are read.
func Keys(ctx context.Context, src keyspace.Source, r keyspace.Range, fences Fences) (*keyspace.Page, error) {
	if fences == nil {
		return names(ctx, src, r)
	}
	page, err := less(ctx, src, r, fences)
	if errors.Is(err, errors.ErrUnsupported) {
		return names(ctx, src, r)
	}
	return page, err
}

// names counts a range by reading the names of its keys.
func names(ctx context.Context, src keyspace.Source, r keyspace.Range) (*keyspace.Page, error) {
	r.KeysOnly, r.CountOnly = true, false
	all := &keyspace.Page{}
	for page, err := range src.Pages(ctx, r) {
		if err != nil {
			return nil, keyspace.Unbroken(err)
		}
		all.Head = page.Head
		for _, kv := range page.KVs {
			if !fencekey.Is(kv) {
				all.Count++
			}
		}
	}
	return all, nil
}

// less asks the source for the number of keys and subtracts the fences. A fence may begin
// or end meanwhile: the list from before has those that have ended since, and the
// list from after has those that have begun.
func less(ctx context.Context, src keyspace.Source, r keyspace.Range, fences Fences) (*keyspace.Page, error) {
	before, err := fences(ctx, r.Rev)
	if err != nil {
		return nil, err
	}
	all, err := only(ctx, src, r)
	if err != nil {
		return nil, err
	}
	after, err := fences(ctx, r.Rev)
	if err != nil {
		return nil, err
	}
	keys := append(before, after...)
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if !keyspace.Within([]byte(key), r.Key, r.End) {
			continue
		}
		fence, err := only(ctx, src, keyspace.Range{Key: key, Rev: all.Head.Revision})
		if err != nil {
			return names(ctx, src, r) // the revision may have been compacted
		}
		all.Count -= fence.Count
	}
	return all, nil
}

// only asks the source for the number of keys.
func only(ctx context.Context, src keyspace.Source, r keyspace.Range) (*keyspace.Page, error) {
	r.CountOnly = true
	all := &keyspace.Page{}
	for page, err := range src.Pages(ctx, r) {
		if err != nil {
			return nil, err
		}
		all = page
	}
	return all, nil
}
