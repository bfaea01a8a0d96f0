package drill

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"etcdkit/backup"
	"etcdkit/snapshot"
)

// The buckets and keys that keep clients from reading or writing
// (server/storage/schema in etcd).
const (
	authBucket  = "auth"
	authEnabled = "authEnabled"
	alarmBucket = "alarm"
)

// prepare copies the snapshot to path, and there alone disables authentication
// and disarms alarms. It reports whether it changed anything, as a flag's value.
func (r *run) prepare(ctx context.Context, plain *backup.Plain, path string) (changed string, err error) {
	info, err := plain.Stat()
	if err != nil {
		return "", err
	}
	if err := copyFile(path, io.NewSectionReader(plain, 0, info.Size())); err != nil {
		return "", err
	}
	f, err := snapshot.Open(path)
	if err != nil {
		return "", err
	}
	hasSum, data := f.HasChecksum(), f.DataSize()
	err = r.locks(ctx, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if !r.report.AuthDisabled && !r.report.Disarmed {
		return strconv.FormatBool(!hasSum), nil
	}
	if hasSum {
		if err := os.Truncate(path, data); err != nil {
			return "", err
		}
	}
	return "true", unlock(path)
}

func copyFile(path string, in io.Reader) (err error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

// locks finds out whether authentication is on and whether there are alarms.
func (r *run) locks(ctx context.Context, f *snapshot.File) error {
	for name, found := range map[string]func(key, value []byte){
		authBucket: func(key, value []byte) {
			if string(key) == authEnabled && len(value) == 1 && value[0] == 1 {
				r.report.AuthDisabled = true
			}
		},
		alarmBucket: func([]byte, []byte) { r.report.Disarmed = true },
	} {
		b, ok, err := f.Bucket(ctx, name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		c := b.Cursor(ctx)
		for c.Next() {
			found(c.Key(), c.Value())
		}
		if c.Err() != nil {
			return c.Err()
		}
	}
	return nil
}

// unlock changes the private copy.
func unlock(path string) (err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Update(func(tx *bbolt.Tx) error {
		if b := tx.Bucket([]byte(authBucket)); b != nil {
			if err := b.Put([]byte(authEnabled), []byte{0}); err != nil {
				return err
			}
		}
		if tx.Bucket([]byte(alarmBucket)) == nil {
			return nil
		}
		if err := tx.DeleteBucket([]byte(alarmBucket)); err != nil {
			return err
		}
		_, err := tx.CreateBucket([]byte(alarmBucket))
		return err
	})
}
