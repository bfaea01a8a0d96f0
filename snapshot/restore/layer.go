package restore

import (
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"etcdkit/snapshot"
	layer "etcdkit/snapshot/bolt"
)

// layerBytes is how much of a layer a transaction writes: bbolt holds it in
// memory.
const layerBytes = 64 << 20

// copyLayered copies a file and writes the layer that lies over it.
func (b *builder) copyLayered(ctx context.Context, path string) (snapshot.Status, error) {
	st, err := copyDB(ctx, path, b.cfg.File, ignoreSum)
	changes := b.cfg.File.Layer()
	if err != nil || len(changes) == 0 {
		return st, err
	}
	err = guard("write the entries of the WAL", func() error { return b.writeLayer(path, changes) })
	if err != nil {
		return st, err
	}
	return scan(ctx, path, 0)
}

func (b *builder) writeLayer(path string, changes layer.Layer) (err error) {
	db, err := openDB(path, b.cfg.InitialMmapSize)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for name, all := range changes {
		for len(all) > 0 {
			err := db.Update(func(tx *bolt.Tx) (err error) {
				all, err = writeChanges(tx, name, all)
				return err
			})
			if err != nil {
				return fmt.Errorf("write bucket %q: %w", name, err)
			}
		}
	}
	return nil
}

// writeChanges writes changes to a bucket, and returns those that are left for
// another transaction.
func writeChanges(tx *bolt.Tx, name string, all []layer.Change) ([]layer.Change, error) {
	bucket, err := tx.CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return nil, err
	}
	size := 0
	for i, c := range all {
		if size > layerBytes {
			return all[i:], nil
		}
		size += len(c.Key) + len(c.Value)
		if c.Deleted {
			err = bucket.Delete(c.Key)
		} else {
			err = bucket.Put(c.Key, c.Value)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}
