package snapshot

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"

	"etcdkit/snapshot/bolt"
)

// keyHash stands for a key where keys would take too much memory. Two hashes
// of 64 bits, seeded afresh each time, make it a billion times likelier that
// the machine fails than that two keys of one file meet.
type keyHash [2]uint64

// keyHasher makes the hashes of one set.
type keyHasher [2]maphash.Seed

func newKeyHasher() keyHasher { return keyHasher{maphash.MakeSeed(), maphash.MakeSeed()} }

func (s keyHasher) hash(key []byte) keyHash {
	return keyHash{maphash.Bytes(s[0], key), maphash.Bytes(s[1], key)}
}

func compareHashes(a, b keyHash) int {
	if c := cmp.Compare(a[0], b[0]); c != 0 {
		return c
	}
	return cmp.Compare(a[1], b[1])
}

// keepAll keeps every record.
type keepAll struct{}

func (keepAll) keeps(Revision, keyHash) bool { return true }

// unchanged keeps the records of all keys but these, which are sorted.
type unchanged []keyHash

// keepUnchanged sorts the keys in their place.
func keepUnchanged(changed []keyHash) unchanged {
	slices.SortFunc(changed, compareHashes)
	return slices.Compact(changed)
}

func (u unchanged) keeps(_ Revision, key keyHash) bool {
	_, found := slices.BinarySearchFunc(u, key, compareHashes)
	return !found
}

// keepLast keeps the last record of each live key.
type keepLast map[keyHash]Revision

func (l keepLast) keeps(rev Revision, key keyHash) bool {
	last, ok := l[key]
	return ok && last == rev
}

// parseElement decodes the record at c. The key points into the cursor's page.
func parseElement(c *bolt.Cursor) (Revision, record, error) {
	damage := func(what string) error {
		return &CorruptError{Page: c.Page(), Bucket: KeyBucket, Key: bytes.Clone(c.Key()), Detail: what}
	}
	if c.IsBucket() {
		return Revision{}, record{}, damage("a bucket where only records should be")
	}
	rev, err := ParseRevision(c.Key())
	if err != nil {
		return Revision{}, record{}, damage("cannot parse revision key: " + err.Error())
	}
	var kv record
	if err := parseRecord(c.Value(), &kv); err != nil {
		return Revision{}, record{}, damage("cannot unmarshal value: " + err.Error())
	}
	return rev, kv, nil
}
