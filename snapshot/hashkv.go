package snapshot

import (
	"context"
	"errors"
	"hash/crc32"

	"etcdkit/snapshot/bolt"
)

var (
	// ErrCompacted has etcd's text for a revision before the last compaction.
	ErrCompacted = errors.New("mvcc: required revision has been compacted")
	// ErrFutureRevision has etcd's text for a revision above the latest one.
	ErrFutureRevision = errors.New("mvcc: required revision is a future revision")
)

// HashKV is the hash of a store's history, as "endpoint hashkv" gives it.
type HashKV struct {
	Hash uint32
	// Revision is up to which the history was hashed.
	Revision int64
	// CompactRevision is that of the last compaction, scheduled or finished;
	// -1 where there was none.
	CompactRevision int64
}

// HashKV computes the hash that a server on this file gives for the revision
// rev, or for the latest one where rev is 0 (server/storage/mvcc: hash.go,
// kvstore.go): the CRC-32C of the bucket's name and of the records up to rev.
// Of those up to the last compaction only the ones count that a compaction at
// rev would keep, so that neither an unfinished compaction nor the tombstones
// that some releases keep make a difference.
//
// It checks the pages of the key bucket on its way, but not the sha256. Its
// memory is a few buffers, and for each key that existed at the last
// compaction and changed since, 16 bytes. After an unfinished compaction it is
// some 50 bytes for each live key.
func (f *File) HashKV(ctx context.Context, rev int64) (HashKV, error) {
	if err := f.checkLength(); err != nil {
		return HashKV{}, err
	}
	m, err := f.serverMeta(ctx)
	if err != nil {
		return HashKV{}, err
	}
	b, ok, err := f.Bucket(ctx, KeyBucket)
	if err != nil {
		return HashKV{}, err
	}
	if !ok {
		return HashKV{}, bolt.Corrupt(NoPage, "no bucket %q: not a file of an etcd server", KeyBucket)
	}
	h := &historyHash{bucket: b, compacted: m.lastCompaction(), upTo: rev, table: crc32.MakeTable(crc32.Castagnoli), keys: newKeyHasher()}
	if rev == 0 {
		h.upTo = 1<<63 - 1
	}
	if rev > 0 && rev < h.compacted {
		return HashKV{}, ErrCompacted
	}
	total, err := h.sum(ctx, m.scheduled <= m.finished)
	if err != nil {
		return HashKV{}, bolt.InBucket(err, KeyBucket)
	}
	latest := max(1, total.last, m.scheduled, m.finished)
	if rev > latest {
		return HashKV{}, ErrFutureRevision
	}
	if rev == 0 {
		rev = latest
	}
	var name bolt.Sum
	name.Write([]byte(KeyBucket), h.table)
	name.Add(total.sum)
	return HashKV{Hash: name.CRC, Revision: rev, CompactRevision: h.compacted}, f.Unchanged()
}

// lastCompaction is the revision that a server on this file takes as
// compacted: it goes on with an unfinished compaction at once.
func (m serverMeta) lastCompaction() int64 {
	if last := max(m.scheduled, m.finished); last > 0 {
		return last
	}
	return -1
}

// historyHash hashes the records of the key bucket.
type historyHash struct {
	bucket    *bolt.Bucket
	compacted int64
	upTo      int64
	table     *crc32.Table
	keys      keyHasher
	keep      keeper
}

// keeper decides which records up to the compaction are hashed.
type keeper interface {
	keeps(rev Revision, key keyHash) bool
}

// historyPart is what historyHash finds in a run of records.
type historyPart struct {
	tally
	sum     bolt.Sum
	changed []keyHash // keys of records above it that were there before
}

// sum hashes all records.
//
// A finished compaction leaves one record of each key that was alive, so it is
// enough to know which of these keys changed since; the first pass finds them,
// and has already hashed everything where there are none. Otherwise, and in
// files that no server wrote, the live keys have to be known.
func (h *historyHash) sum(ctx context.Context, finished bool) (historyPart, error) { //nolint:revive // a fact about the file, not a switch
	if !finished {
		return h.sumLive(ctx)
	}
	h.keep = keepAll{}
	p, err := h.pass(ctx)
	if err == nil && p.odd {
		return h.sumLive(ctx)
	}
	// etcd hashes everything where nothing is to be kept.
	if err != nil || len(p.changed) == 0 || p.live == 0 {
		return p, err
	}
	h.keep = keepUnchanged(p.changed)
	return h.pass(ctx)
}

// sumLive hashes what stands in the set of live keys.
func (h *historyHash) sumLive(ctx context.Context) (historyPart, error) {
	live, err := h.liveAt(ctx, h.upTo)
	if err == nil && len(live) == 0 {
		// Nothing is to be kept, so all counts that a compaction would leave.
		live, err = h.liveAt(ctx, h.compacted)
	}
	if err != nil {
		return historyPart{}, err
	}
	h.keep = live
	return h.pass(ctx)
}

// pass reads the bucket side by side. It is one bucket, which is read twice at
// most, so pass uses what a bolt.Walk of all buckets is built on.
func (h *historyHash) pass(ctx context.Context) (historyPart, error) {
	parts, err := bolt.InParts(ctx, h.bucket, bolt.Parts{}, h.elements)
	if err != nil {
		return historyPart{}, err
	}
	var total historyPart
	for _, p := range parts {
		total.add(p.tally)
		total.sum.Add(p.sum)
		total.changed = append(total.changed, p.changed...)
	}
	return total, nil
}

func (h *historyHash) elements(c *bolt.Cursor) (historyPart, error) {
	var p historyPart
	count := counter{compacted: h.compacted}
	for c.Next() {
		rev, kv, err := parseElement(c)
		if err != nil {
			return p, err
		}
		if rev.Main > h.upTo {
			p.last = rev.Main
			continue
		}
		count.add(rev, kv, &p.tally)
		if rev.Main > h.compacted {
			if rev.Tombstone || kv.create <= h.compacted {
				p.changed = append(p.changed, h.keys.hash(kv.key))
			}
		} else if (rev.Tombstone && rev.Main == h.compacted) || !h.keep.keeps(rev, h.keys.hash(kv.key)) {
			continue
		}
		p.sum.Write(c.Key(), h.table)
		p.sum.Write(c.Value(), h.table)
	}
	return p, c.Err()
}

// liveAt returns the live keys at a revision.
func (h *historyHash) liveAt(ctx context.Context, rev int64) (keepLast, error) {
	live := keepLast{}
	c := h.bucket.Cursor(ctx)
	for c.Next() {
		at, kv, err := parseElement(c)
		if err != nil {
			return nil, err
		}
		if at.Main > rev {
			break
		}
		if at.Tombstone {
			delete(live, h.keys.hash(kv.key))
		} else {
			live[h.keys.hash(kv.key)] = at
		}
	}
	return live, c.Err()
}
