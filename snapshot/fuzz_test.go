package snapshot

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// FuzzFile reads a whole file of anything. The meta pages' own checksums are
// made right, so that what they say is tried. What passes must be safe for
// bbolt, to which restore hands it.
func FuzzFile(f *testing.F) {
	for _, freelist := range []bool{false, true} {
		h := newHistory()
		h.put("value", "a", "b")
		h.del("a")
		f.Add(readFile(f, h.write(f, layout{pageSize: 1024, freelist: freelist, plain: true})))
		for i := range 30 {
			h.put(strings.Repeat("v", 20*i), "c", "d")
		}
		h.compact(20, 5)
		f.Add(readFile(f, h.write(f, layout{pageSize: 1024, freelist: freelist, plain: true})))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = slices.Clone(b)
		for _, at := range []int{0, 1024} {
			if len(b) >= at+pageHeaderSize+metaSize {
				setMeta(b, at, func([]byte) {})
			}
		}
		_, err := status(t, b)
		if r := verified(t, b); err != nil && len(r.Faults) == 0 {
			t.Errorf("not found by Verify: %v", err)
		}
		switch {
		case err == nil:
			checkWithBbolt(t, b)
		case !errors.Is(err, ErrCorrupt):
			t.Error(err)
		}
	})
}

func checkWithBbolt(t *testing.T, b []byte) {
	db, err := bolt.Open(writeFile(t, b), 0o400, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// FuzzParseRecord holds the decoder of records against the real one.
func FuzzParseRecord(f *testing.F) {
	f.Add([]byte("\x0a\x01k\x10\x02\x18\x03\x20\x01\x2a\x01v\x30\x05"))
	f.Add([]byte("\x3b\x08\x01\x3c\x0a\x00"))
	f.Fuzz(checkRecord)
}

// FuzzParseRevision reads keys of records, and writes them again.
func FuzzParseRevision(f *testing.F) {
	f.Add(Revision{Main: 5, Sub: 1}.AppendKey(nil))
	f.Add(Revision{Main: 5, Tombstone: true}.AppendKey(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRevision(b)
		if err != nil || (len(b) > revisionSize && !r.Tombstone) { // 18 bytes with another mark
			return
		}
		if again := r.AppendKey(nil); !bytes.Equal(again, b) {
			t.Errorf("%x became %x", b, again)
		}
	})
}

// FuzzCheckElement feeds Verify's decoders of the small buckets with anything.
func FuzzCheckElement(f *testing.F) {
	for _, name := range expectedBuckets() {
		f.Add(name, []byte("\x00\x00\x00\x00\x00\x00\x00\x07"), []byte("\x08\x07\x10\x0a"))
		f.Add(name, []byte("cafe"), []byte(`{"id":51966,"name":"m"}`))
	}
	for _, key := range []string{keyConsistentIndex, keyTerm, keyConfState, keyFinishedCompact, keyScheduledCompact, keyStorageVersion} {
		f.Add(MetaBucket, []byte(key), Revision{Main: 5}.AppendKey(nil))
	}
	f.Add(authBucket, []byte(keyAuthEnabled), []byte{1})
	f.Add(authBucket, []byte(keyAuthRevision), make([]byte, 8))
	f.Add(clusterBucket, []byte(keyClusterVersion), []byte("3.7.0"))
	f.Add(clusterBucket, []byte(keyDowngrade), []byte(`{"enabled":false}`))
	f.Add(authUsersBucket, []byte("u"), []byte("\x0a\x01u\x1a\x04root"))
	f.Add(authRolesBucket, []byte("r"), []byte("\x0a\x01r\x12\x04\x12\x01a"))
	f.Fuzz(func(t *testing.T, bucket string, key, value []byte) {
		v := &verifier{missing: map[string]bool{}, roles: map[string]bool{}}
		check := v.checks(bucket)
		first := check.element(key, value)
		if again := v.checks(bucket).element(key, value); first != again {
			t.Errorf("%q, then %q", first, again)
		}
	})
}
