package datadir

import (
	"errors"
	"fmt"

	"etcdkit/snapshot"
)

// ErrTooLarge says that the entries reach too many keys of the database to apply
// them in memory.
var ErrTooLarge = errors.New("the entries that are not in the database delete or compare too many of its keys to apply them in memory; start etcd on a copy of the directory instead, and save a snapshot")

// broken returns the error for an element of a bucket that can't be decoded.
func broken(bucket, key string, err error) error {
	return &snapshot.CorruptError{Page: snapshot.NoPage, Bucket: bucket, Key: []byte(key), Detail: fmt.Sprintf("cannot be decoded: %v", err)}
}
