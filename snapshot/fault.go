package snapshot

import (
	"encoding/hex"
	"errors"
	"fmt"

	"etcdkit/snapshot/bolt"
)

// FaultKind is a way in which a file can be damaged.
type FaultKind int

// The kinds of faults, in the order in which Report has them.
const (
	FaultPage       FaultKind = iota // a page of a bucket's tree, or the order of keys in it
	FaultChecksum                    // the sha256 at the end
	FaultFile                        // the length, or the meta pages
	FaultUse                         // a page used twice, both free and in use, or lost
	FaultBucket                      // a bucket that every server makes is missing
	FaultRecord                      // a change of a key
	FaultRevision                    // the order of the changes
	FaultLease                       // a lease, or the reference of a key to one
	FaultAuth                        // a user, a role, or what the server knows about both
	FaultMembership                  // a member or the cluster's version
	FaultMeta                        // compactions, indexes, alarms
	faultKinds                       // how many there are
)

// String is the kind in one word.
func (k FaultKind) String() string {
	return [faultKinds]string{
		"page", "checksum", "file", "use", "bucket", "record", "revision", "lease", "auth", "membership", "meta",
	}[k]
}

// Fault is all the damage of one kind.
type Fault struct {
	Kind  FaultKind
	Count int          // how often it was found
	First CorruptError // in the order of the buckets and of their keys
}

// faults collects damage by kind.
type faults [faultKinds]Fault

// add counts damage, and keeps it where it is the first of its kind.
func (f *faults) add(kind FaultKind, e *CorruptError) {
	f.merge(Fault{Kind: kind, Count: 1, First: *e})
}

func (f *faults) merge(next Fault) {
	one := &f[next.Kind]
	if one.Count == 0 {
		one.Kind, one.First = next.Kind, next.First
	}
	one.Count += next.Count
}

// join adds those of a part that follows, all of them in one bucket.
func (f *faults) join(next *faults, bucket string) {
	for _, one := range next {
		if one.Count == 0 {
			continue
		}
		if one.First.Bucket == "" {
			one.First.Bucket = bucket
		}
		f.merge(one)
	}
}

// page adds damage that was found on the pages of a tree.
func (f *faults) page(e *CorruptError) {
	if e.Kind == bolt.InUse {
		f.add(FaultUse, e)
	} else {
		f.add(FaultPage, e)
	}
}

// take adds err where it is damage, and returns it otherwise.
func (f *faults) take(err error, kind FaultKind) error {
	var sum *ChecksumError
	var damage *CorruptError
	switch {
	case errors.As(err, &sum):
		f.add(FaultChecksum, &CorruptError{Page: NoPage, Detail: fmt.Sprintf("the file ends with the sha256 %s, but its content has %s",
			hex.EncodeToString(sum.Want[:4])+"...", hex.EncodeToString(sum.Got[:4])+"...")})
	case errors.As(err, &damage):
		if damage.Kind == bolt.InUse {
			kind = FaultUse
		}
		f.add(kind, damage)
	default:
		return err
	}
	return nil
}

// list returns the kinds that were found.
func (f *faults) list() []Fault {
	var found []Fault
	for _, one := range f {
		if one.Count > 0 {
			found = append(found, one)
		}
	}
	return found
}
