package backup_test

import (
	"bytes"
	"testing"
	"time"

	"filippo.io/age"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
	"etcdkit/backup/store"
	"etcdkit/backup/store/s3"
	"etcdkit/backup/store/storetest"
)

// A repository in a bucket of a real S3 server works as one in a directory, and
// has the same bytes, also for a snapshot that is stored in several parts.
func TestS3(t *testing.T) {
	t.Parallel()
	g := storetest.NewGateway(t)
	bucket, err := store.Open(t.Context(), "s3://"+g.Bucket(t)+"/etcd/prod", store.Options{Endpoint: g.Endpoint, PathStyle: true, Env: g.Env(), S3: s3.Open})
	if err != nil {
		t.Fatal(err)
	}
	defer bucket.Close()
	clock := start
	r := backup.New(bucket, "etcdctl test", func() time.Time { return clock })
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 1000, Value: 10_000}) // two parts
	id := identity(t)
	for range 3 {
		save(t, r, snapshot, backup.SaveOptions{
			Packing: backup.Packing{Compression: backup.Zstd, Recipients: []age.Recipient{id.Recipient()}}, Verify: backup.Deep, Identities: []age.Identity{id},
		})
		clock = clock.Add(time.Hour)
	}
	l, err := r.List(t.Context())
	if err != nil || len(l.Backups) != 3 || l.Backups[0].Stored.Size < 9<<20 {
		t.Fatalf("%+v, %v", l, err)
	}
	verifies(t, r, l.Backups[0], id)
	if err := r.AddRecord(t.Context(), l.Backups[0], backup.Deep, ""); err != nil {
		t.Fatal(err)
	}
	prune(t, r, backup.Policy{Last: 2})
	dir := backup.New(store.NewDir(t.TempDir()), "etcdctl test", func() time.Time { return clock })
	if l, err = r.List(t.Context()); err != nil || len(l.Backups) != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	for _, b := range l.Backups {
		if err := r.Copy(t.Context(), b, dir); err != nil {
			t.Fatal(err)
		}
	}
	there, err := dir.List(t.Context())
	if err != nil || len(there.Backups) != 2 {
		t.Fatalf("%+v, %v", there, err)
	}
	for i, b := range there.Backups {
		if b.Manifest != l.Backups[i].Manifest || len(b.Checked) != len(l.Backups[i].Checked) {
			t.Errorf("copied %+v, have %+v", b, l.Backups[i])
		}
		var plain bytes.Buffer
		if err := dir.Unpack(t.Context(), &b.Manifest, []age.Identity{id}, &plain); err != nil || !bytes.Equal(plain.Bytes(), snapshot) {
			t.Errorf("read %d bytes, %v", plain.Len(), err)
		}
	}
}
