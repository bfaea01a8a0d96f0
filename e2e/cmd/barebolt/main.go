// Command barebolt writes the records of a database to a new one with bbolt,
// in order and with full pages, and checks and compares nothing: the least that
// a program can take which defragments with that library. It is the physical
// limit in the benchmarks.
package main

import (
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// batchSize is how much is written in one transaction, in bytes.
const batchSize = 2 << 20

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: barebolt FROM TO")
		os.Exit(1)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(from, to string) (err error) {
	src, err := bbolt.Open(from, 0o400, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	dst, err := bbolt.Open(to, 0o600, &bbolt.Options{
		FreelistType: bbolt.FreelistMapType, NoFreelistSync: true, NoSync: true, NoGrowSync: true,
		InitialMmapSize: int(info.Size()) + 16*batchSize,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	err = src.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return copyBucket(dst, name, b) })
	})
	if err != nil {
		return err
	}
	return dst.Sync()
}

// copyBucket copies a bucket of etcd, which holds no others.
func copyBucket(dst *bbolt.DB, name []byte, from *bbolt.Bucket) error {
	c := from.Cursor()
	k, v := c.First()
	for first := true; first || k != nil; first = false {
		err := dst.Update(func(tx *bbolt.Tx) error {
			to, err := tx.CreateBucketIfNotExists(name)
			if err != nil {
				return err
			}
			to.FillPercent = 1
			for size := 0; k != nil && size < batchSize; k, v = c.Next() {
				if err := to.Put(k, v); err != nil {
					return err
				}
				size += len(k) + len(v)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
