// Package inventory reads the keys of a keyspace once, and sums up what is found:
// the largest prefixes and keys, the keys that are written most, how deep the
// history is, and the leases. Its memory does not grow with the number of keys.
//
// It may import keyspace and the engines below it that need no client; nothing
// of commands, printer or snapshot.
package inventory

import (
	"context"

	"etcdkit/keyspace"
	"etcdkit/keyspace/history"
	"etcdkit/keyspace/usage"
)

// Inventory is what was found. Sizes are in bytes, of keys and values without their
// history.
type Inventory struct {
	Prefix, Separator string
	Head              keyspace.Head // its CompactRevision is 0 if HistoryErr is not nil
	HistoryErr        error         // why the beginning of the history is not known

	Total       usage.Sum
	Tree        usage.Part
	Largest     []Key // by bytes
	MostWritten []Key // by versions
	Kept        int64 // the sum of all keys; see [Key]
	Depths      []Depth
	Leases      Leases
}

// Key is a key, without its value.
type Key struct {
	Name     string // or its first 512 bytes
	Bytes    int64
	Versions int64 // how often it was written since it was created
	// Kept is how many of these versions the history can hold at most. It holds
	// those after the last compaction, and the last one before it.
	Kept int64
}

// Depth is how many keys have from From to To versions in the history, at most.
// To is 0 if there is no upper bound.
type Depth struct{ From, To, Keys int64 }

// Leases is which keys are under leases.
type Leases struct {
	Keys    int64       // under any lease
	Largest []LeaseKeys // by keys
	Many    bool        // there are more leases than are told apart
}

// LeaseKeys is how many keys are under a lease.
type LeaseKeys struct{ ID, Keys int64 }

// Options say what to read.
type Options struct {
	Prefix, Separator string
	Serializable      bool             // permits what one member knows, which may be out of date
	Compacted         int64            // the revision of the last compaction, 0 if there was none; Unknown asks the source
	Progress          func(keys int64) // is called now and then; may be nil
}

// Unknown is the revision of the last compaction if only the source knows it.
const Unknown = -1

// Read reads all keys with a prefix, at one revision, with their values.
func Read(ctx context.Context, src keyspace.Source, o Options) (*Inventory, error) {
	s := &Inventory{Prefix: o.Prefix, Separator: o.Separator}
	r := keyspace.Prefix(o.Prefix)
	r.SizesOnly, r.Serializable = true, o.Serializable
	compacted := o.Compacted
	if compacted == Unknown {
		var bounds keyspace.Head
		bounds, s.HistoryErr = history.Bounds(ctx, src, r)
		compacted = bounds.CompactRevision
	}
	c := newCounter(s, compacted)
	for page, err := range src.Pages(ctx, r) {
		if err != nil {
			return nil, keyspace.Unbroken(err)
		}
		s.Head = page.Head
		for _, kv := range page.KVs {
			c.add(kv)
		}
		if o.Progress != nil {
			o.Progress(c.seen)
		}
	}
	s.Head.CompactRevision = compacted
	c.finish()
	return s, nil
}
