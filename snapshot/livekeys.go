package snapshot

import "etcdkit/snapshot/bolt"

// counter counts the live keys of the key bucket, in one of two ways.
//
// Without a set: once a compaction at revision c has finished, a key that was
// alive at c has exactly one record at or below c, and no other has one that
// is not a tombstone. Above c nothing is missing, so each creation (a record
// of version 1) makes one key live and each tombstone ends one. That needs no
// memory and no order.
//
// With the set of live keys, as etcdutl counts, where that does not hold:
// while a compaction is unfinished, and in files that were not written by a
// server, or damaged, as far as it shows (tally.odd). Its memory grows with the number of live keys.
type counter struct {
	compacted int64 // revision of the last finished compaction; 0 for none
	exact     map[string]struct{}
}

// record counts the record at c, which is in the key bucket.
func (n counter) record(c *bolt.Cursor, t *tally) error {
	rev, kv, err := parseElement(c)
	if err == nil {
		n.add(rev, kv, t)
	}
	return err
}

func (n counter) add(rev Revision, kv record, t *tally) {
	t.revisions++
	t.last = rev.Main
	switch {
	case n.exact != nil && rev.Tombstone:
		delete(n.exact, string(kv.key))
	case n.exact != nil:
		n.exact[string(kv.key)] = struct{}{}
	case rev.Main <= n.compacted && !rev.Tombstone:
		t.live++
	case rev.Main <= n.compacted:
	case rev.Tombstone:
		t.live--
	default:
		created := kv.version == 1
		if created {
			t.live++
		}
		if kv.mod != rev.Main || kv.version < 1 || kv.create > kv.mod || created != (kv.create == kv.mod) {
			t.odd = true
		}
	}
}
