package snapshot

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
// server, or damaged, as far as it shows (part.odd). Its memory grows with the number of live keys.
type counter struct {
	compacted int64 // revision of the last finished compaction; 0 for none
	exact     map[string]struct{}
}

// record counts the record at c, which is in the key bucket.
func (n counter) record(c *Cursor, p *part) error {
	rev, kv, err := parseElement(c)
	if err == nil {
		n.add(rev, kv, p)
	}
	return err
}

func (n counter) add(rev Revision, kv record, p *part) {
	p.revisions++
	p.last = rev.Main
	switch {
	case n.exact != nil && rev.Tombstone:
		delete(n.exact, string(kv.key))
	case n.exact != nil:
		n.exact[string(kv.key)] = struct{}{}
	case rev.Main <= n.compacted && !rev.Tombstone:
		p.live++
	case rev.Main <= n.compacted:
	case rev.Tombstone:
		p.live--
	default:
		created := kv.version == 1
		if created {
			p.live++
		}
		if kv.mod != rev.Main || kv.version < 1 || kv.create > kv.mod || created != (kv.create == kv.mod) {
			p.odd = true
		}
	}
}
