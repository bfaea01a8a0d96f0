package backup_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
	"etcdkit/backup/store"
)

var makeGolden = flag.Bool("golden", false, "make testdata/v1, which must never change once it is released")

const (
	goldenRepo = "testdata/v1"
	goldenKey  = "testdata/v1-identity.txt" // of this test alone
)

// The repository that the first version of the format made stays readable: every
// later version lists, verifies and restores it.
func TestGoldenRepository(t *testing.T) {
	t.Parallel()
	if *makeGolden {
		makeGoldenRepository(t)
	}
	key, err := os.Open(goldenKey)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	ids, err := age.ParseIdentities(key)
	if err != nil {
		t.Fatal(err)
	}
	r := backup.New(store.NewDir(goldenRepo), "etcdctl test", func() time.Time { return start })
	l, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range l.All() {
		at, how := b.Verification()
		got = append(got, fmt.Sprintf("%s %s rev %d compact %d keys %d leases %d k8s %v %s %s encrypted %v verified %s %s damage %q",
			b.Name[:len("20261130T021400Z")], b.ServerVersion, b.Revision, b.CompactRevision, b.Keys, b.Leases, b.Kubernetes, b.ClusterID, b.Data, b.Encrypted(), how, at.Format(time.RFC3339), b.Damage))
		if b.Damage == "" {
			verifies(t, r, b, ids...)
		}
	}
	want := []string{
		`20261130T051400Z 3.7.0 rev 5 compact -1 keys 4 leases 0 k8s false cdf818194e3a8c32 snapshot.db encrypted false verified none 0001-01-01T00:00:00Z damage "bad"`,
		`20261130T041400Z 3.7.0 rev 4 compact -1 keys 3 leases 1 k8s true cdf818194e3a8c32 snapshot.db.zst.age encrypted true verified drill 2026-11-30T05:14:00Z damage ""`,
		`20261130T031400Z 3.7.0 rev 3 compact -1 keys 2 leases 1 k8s true cdf818194e3a8c32 snapshot.db.zst encrypted false verified readback 2026-11-30T03:14:00Z damage ""`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(l.Leftovers) != 0 {
		t.Errorf("leftovers %+v", l.Leftovers)
	}
}

func makeGoldenRepository(t *testing.T) {
	id := identity(t)
	if err := os.RemoveAll(goldenRepo); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(goldenKey), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(goldenKey, []byte("# for tests\n"+id.String()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	at := start
	r := backup.New(store.NewDir(goldenRepo), "etcdctl v1", func() time.Time { at = at.Add(time.Hour); return at })
	save(t, r, backuptest.Snapshot(t, backuptest.Contents{Keys: 2, Leases: 1, Prefix: "/registry/"}), backup.SaveOptions{Packing: backup.Packing{Compression: backup.Zstd}})
	b := save(t, r, backuptest.Snapshot(t, backuptest.Contents{Keys: 3, Leases: 1, Prefix: "/registry/"}),
		backup.SaveOptions{Packing: backup.Packing{Compression: backup.Zstd, Recipients: []age.Recipient{id.Recipient()}}})
	at = start.Add(2 * time.Hour)
	if err := r.AddRecord(t.Context(), b, backup.Drilled, ""); err != nil {
		t.Fatal(err)
	}
	at = start.Add(2 * time.Hour)
	b = save(t, r, backuptest.Snapshot(t, backuptest.Contents{Keys: 4}), backup.SaveOptions{Verify: backup.None})
	if err := r.AddRecord(t.Context(), b, backup.Deep, "bad"); err != nil {
		t.Fatal(err)
	}
}

// A manifest of a later format is not read as if it were of this one, is not
// offered as a backup, and is never pruned.
func TestNewerFormat(t *testing.T) {
	t.Parallel()
	s := &backuptest.Store{}
	r := repository(s)
	b := save(t, r, backuptest.Snapshot(t, backuptest.Contents{}), backup.SaveOptions{})
	object := b.Name + "/manifest.json"
	later := backup.Reseal(t, bytes.Replace(s.Content()[object], []byte(`"format":1`), []byte(`"format":2`), 1))
	s.Set(object, later)
	l, err := r.List(t.Context())
	if err != nil || len(l.All()) != 0 || len(l.Leftovers) != 1 || !strings.Contains(l.Leftovers[0].Why, "use a newer etcdctl") {
		t.Fatalf("%+v, %v", l, err)
	}
	r.Now = func() time.Time { return start.AddDate(1, 0, 0) }
	prune(t, r, backup.Policy{Last: 1})
	if _, ok := s.Content()[object]; !ok {
		t.Error("pruned")
	}
	// A member that this version does not know is no obstacle.
	s.Set(object, backup.Reseal(t, bytes.Replace(later, []byte(`"format":2`), []byte(`"format":1,"extra":{"a":[1]}`), 1)))
	if l, err = r.List(t.Context()); err != nil || len(l.Backups) != 1 {
		t.Errorf("%+v, %v", l, err)
	}
}
