package inventory

import (
	"strconv"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace/fence/fencekey"
	"etcdkit/keyspace/usage"
)

const (
	// width and height are how many parts of a directory are kept, and how many
	// directories in one another.
	width, height = 24, 3
	// deepest is how deep directories are looked at. A name may consist of
	// separators.
	deepest = 16
	// listed is how many keys and leases are listed.
	listed = 15
	// maxLeases is how many leases are told apart.
	maxLeases = 1 << 16
)

// counter counts keys into an inventory.
type counter struct {
	*Inventory
	walk            usage.Walk
	parts           usage.Parts
	largest, writes usage.Most[Key]
	compacted, seen int64
	leases          map[int64]int64 // keys by lease
}

func newCounter(s *Inventory, compacted int64) *counter {
	name := func(k Key) string { return k.Name }
	c := &counter{
		Inventory: s, compacted: compacted, leases: make(map[int64]int64),
		walk:    usage.Walk{Prefix: s.Prefix, Separator: s.Separator, Depth: deepest},
		parts:   usage.Parts{Width: width, Height: height},
		largest: usage.Most[Key]{N: listed, By: func(k Key) int64 { return k.Bytes }, Name: name},
		writes:  usage.Most[Key]{N: listed, By: func(k Key) int64 { return k.Versions }, Name: name},
	}
	c.walk.Divide(&c.parts)
	s.Depths = []Depth{{From: 1, To: 1}, {From: 2, To: 9}, {From: 10, To: 99}, {From: 100, To: 999}, {From: 1000}}
	return c
}

func (c *counter) add(kv *mvccpb.KeyValue) {
	c.seen++
	if fencekey.Is(kv) {
		return
	}
	c.walk.Add(kv)
	k := Key{Bytes: usage.Of(kv).Bytes, Versions: kv.GetVersion(), Kept: c.kept(kv)}
	c.rank(k, kv.GetKey())
	c.Kept += k.Kept
	for i, d := range c.Depths {
		if k.Kept >= d.From && (d.To == 0 || k.Kept <= d.To) {
			c.Depths[i].Keys++
		}
	}
	c.lease(kv.GetLease())
}

// kept returns how many versions of a key the history holds at most: one for
// each of its changes, and for each revision from the compaction or its creation
// on, the later of the two.
func (c *counter) kept(kv *mvccpb.KeyValue) int64 {
	since := max(c.compacted, kv.GetCreateRevision())
	return max(1, min(kv.GetVersion(), kv.GetModRevision()-since+1))
}

// rank lists a key among the largest and the most written ones.
func (c *counter) rank(k Key, name []byte) {
	isLarge, isWritten := c.largest.Takes(k.Bytes), c.writes.Takes(k.Versions)
	if !isLarge && !isWritten {
		return
	}
	k.Name = usage.Shorten(string(name))
	c.largest.Add(k)
	c.writes.Add(k)
}

// lease counts a key of a lease; 0 is none.
func (c *counter) lease(id int64) {
	if id == 0 {
		return
	}
	c.Leases.Keys++
	if _, known := c.leases[id]; !known && len(c.leases) >= maxLeases {
		c.Leases.Many = true
		return
	}
	c.leases[id]++
}

// finish completes the inventory.
func (c *counter) finish() {
	all := c.walk.Finish()
	c.Total, c.Tree = all.Sum, c.parts.Of(all)
	c.Largest, c.MostWritten = c.largest.All(), c.writes.All()
	top := usage.Most[LeaseKeys]{N: listed, By: func(l LeaseKeys) int64 { return l.Keys }, Name: func(l LeaseKeys) string { return strconv.FormatUint(uint64(l.ID), 16) }} //nolint:gosec // as its commands write it
	for id, keys := range c.leases {
		top.Add(LeaseKeys{ID: id, Keys: keys})
	}
	c.Leases.Largest = top.All()
}
