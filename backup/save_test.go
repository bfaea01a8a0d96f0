package backup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
)

// start is the time of the tests' clocks.
var start = time.Date(2026, 11, 30, 2, 14, 0, 0, time.UTC)

func repository(s *backuptest.Store) *backup.Repository {
	return backup.New(s, "etcdctl test", func() time.Time { return start })
}

func origin(context.Context) (backup.Origin, error) {
	return backup.Origin{ClusterID: "cdf818194e3a8c32", MemberID: "8e9e05c52164694d", ServerVersion: "3.7.0", Endpoint: "10.0.0.7:2379"}, nil
}

// identity returns an age identity and its recipient.
func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func save(t testing.TB, r *backup.Repository, snapshot []byte, o backup.SaveOptions) *backup.Backup {
	t.Helper()
	b, err := trySave(t.Context(), r, snapshot, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func trySave(ctx context.Context, r *backup.Repository, snapshot []byte, o backup.SaveOptions) (*backup.Backup, error) {
	if o.Origin == nil {
		o.Origin = origin
	}
	if o.Verify == "" {
		o.Verify = backup.Readback
	}
	return r.Save(ctx, bytes.NewReader(snapshot), o)
}

// packings are all the ways to store a snapshot, with what opens them.
func packings(t testing.TB) map[string]backup.SaveOptions {
	id := identity(t)
	all := map[string]backup.SaveOptions{}
	for suffix, c := range map[string]backup.Compression{"": backup.Uncompressed, ".zst": backup.Zstd} {
		all["snapshot.db"+suffix] = backup.SaveOptions{Packing: backup.Packing{Compression: c}}
		all["snapshot.db"+suffix+".age"] = backup.SaveOptions{
			Packing: backup.Packing{Compression: c, Recipients: []age.Recipient{id.Recipient()}}, Identities: []age.Identity{id},
		}
	}
	return all
}

// Every way to store a snapshot gives its bytes back, and the manifest has the
// facts of the file.
func TestSaveAndOpen(t *testing.T) {
	t.Parallel()
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 500, Leases: 3, Value: 300, Prefix: "/registry/"})
	for data, o := range packings(t) {
		for _, how := range []backup.How{backup.None, backup.Readback, backup.Deep} {
			t.Run(data+" "+string(how), func(t *testing.T) {
				t.Parallel()
				s := &backuptest.Store{}
				r, o := repository(s), o
				o.Verify = how
				b := save(t, r, snapshot, o)
				if want := []string{b.Name + "/manifest.json", b.Name + "/" + data}; !slices.Equal(slices.Sorted(maps.Keys(s.Content())), want) {
					t.Errorf("objects %v, want %v", slices.Sorted(maps.Keys(s.Content())), want)
				}
				if !strings.HasPrefix(b.Name, "20261130T021400Z-501-") || b.Plain.SHA256[:8] != b.Name[len(b.Name)-8:] {
					t.Errorf("name %s of a snapshot with sha256 %s", b.Name, b.Plain.SHA256)
				}
				if b.Revision != 501 || b.CompactRevision != -1 || b.Keys != 500 || b.Leases != 3 || b.Members != 1 || !b.Kubernetes || b.StorageVersion != "3.7.0" || b.HashKV == 0 {
					t.Errorf("manifest %+v", b.Manifest)
				}
				found, err := r.Find(t.Context(), "latest")
				if err != nil || found.Name != b.Name {
					t.Fatalf("found %+v, %v", found, err)
				}
				if at, got := found.Verification(); got != how || how != backup.None && !at.Equal(start) {
					t.Errorf("verified %s at %v", got, at)
				}
				p, err := r.Open(t.Context(), &found.Manifest, o.Identities)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				if got, err := io.ReadAll(io.NewSectionReader(p, 0, 1<<30)); err != nil || !bytes.Equal(got, snapshot) {
					t.Errorf("read %d bytes, %v", len(got), err)
				}
			})
		}
	}
}

// The revision is read from the file, whatever the server or the name of a file
// says (a reported mistake: a Get before the snapshot gave another one).
func TestRevisionIsThatOfTheFile(t *testing.T) {
	t.Parallel()
	r := repository(&backuptest.Store{})
	for _, keys := range []int{0, 1, 40} {
		b := save(t, r, backuptest.Snapshot(t, backuptest.Contents{Keys: keys}), backup.SaveOptions{})
		if b.Revision != int64(keys+1) {
			t.Errorf("revision %d, want %d", b.Revision, keys+1)
		}
	}
}

// A stream that is cut, altered or no snapshot leaves nothing in the store.
func TestSaveOfABadStream(t *testing.T) {
	t.Parallel()
	good := backuptest.Snapshot(t, backuptest.Contents{Keys: 100, Value: 100})
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	damaged := bytes.Clone(good[:len(good)-32])
	clear(damaged[len(damaged)-4096:])
	for name, tt := range map[string]struct {
		stream []byte
		damage bool
	}{
		"empty": {nil, false}, "cut": {good[:len(good)-100], false}, "cut at a page": {good[:8192], false},
		"flipped": {flipped, false}, "damaged when it was sent": {withSum(damaged), true}, "no snapshot": {withSum(make([]byte, 8192)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &backuptest.Store{}
			_, err := trySave(t.Context(), repository(s), tt.stream, backup.SaveOptions{})
			source := (*backup.SourceError)(nil)
			if errors.Is(err, backup.ErrDamaged) != tt.damage || errors.As(err, &source) == tt.damage {
				t.Errorf("error %v", err)
			}
			if len(s.Content()) > 0 {
				t.Errorf("left %v", slices.Collect(maps.Keys(s.Content())))
			}
		})
	}
}

// Two saves of one snapshot in the same second both succeed, also encrypted,
// where the bytes differ.
func TestTwoSavesAtOnce(t *testing.T) {
	t.Parallel()
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 50})
	id := identity(t)
	r := repository(&backuptest.Store{})
	o := backup.SaveOptions{Packing: backup.Packing{Compression: backup.Zstd, Recipients: []age.Recipient{id.Recipient()}}}
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			_, err := trySave(t.Context(), r, snapshot, o)
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	l, err := r.List(t.Context())
	if err != nil || len(l.Backups) != cap(errs) || len(l.Leftovers) > 0 {
		t.Fatalf("%+v, %v", l, err)
	}
	for _, b := range l.Backups {
		verifies(t, r, b, id)
	}
}

func verifies(t testing.TB, r *backup.Repository, b *backup.Backup, ids ...age.Identity) {
	t.Helper()
	p, err := r.Open(t.Context(), &b.Manifest, ids)
	if err != nil {
		t.Fatalf("%s: %v", b.Name, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever operation of the store fails in whatever way, the list has no backup
// that verifying rejects, and a save that reports success has made a good one.
func TestFaultsOfTheStore(t *testing.T) {
	t.Parallel()
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 20, Value: 50})
	id := identity(t)
	for _, how := range []backup.How{backup.Readback, backup.Deep} {
		o := backup.SaveOptions{
			Packing: backup.Packing{Compression: backup.Zstd, Recipients: []age.Recipient{id.Recipient()}}, Identities: []age.Identity{id}, Verify: how,
		}
		for fault := backuptest.Before; fault <= backuptest.Cut; fault++ {
			for at := 1; ; at++ {
				s := &backuptest.Store{Fault: func(n int, _ string) backuptest.Fault {
					if n == at {
						return fault
					}
					return backuptest.Fine
				}}
				_, err := trySave(t.Context(), repository(s), snapshot, o)
				done := s.Operations() < at
				s = revived(s)
				l, listErr := repository(s).List(t.Context())
				if listErr != nil {
					t.Fatal(listErr)
				}
				for _, b := range l.Backups {
					verifies(t, repository(s), b, id)
				}
				if err == nil && len(l.Backups) != 1 {
					t.Errorf("fault %d at operation %d: success without a backup: %v", fault, at, slices.Collect(maps.Keys(s.Content())))
				}
				if done {
					break
				}
			}
		}
	}
}

// revived is the store after a fault, without any more of them.
func revived(s *backuptest.Store) *backuptest.Store {
	again := &backuptest.Store{}
	for name, content := range s.Content() {
		again.Set(name, content)
	}
	return again
}

// Every single flipped bit of every object, every missing byte and every byte
// too many is found.
func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	id := identity(t)
	o := backup.SaveOptions{Packing: backup.Packing{Compression: backup.Zstd, Recipients: []age.Recipient{id.Recipient()}}}
	s := &backuptest.Store{}
	r := repository(s)
	b := save(t, r, backuptest.Snapshot(t, backuptest.Contents{}), o)
	for object, content := range s.Content() {
		cases := map[string][]byte{"cut": content[:len(content)-1], "longer": append(bytes.Clone(content), '\n'), "empty": {}}
		for i := range content {
			flipped := bytes.Clone(content)
			flipped[i] ^= 1 << (i % 8)
			cases[fmt.Sprintf("flipped at %d", i)] = flipped
		}
		for name, bad := range cases {
			s := revived(s)
			s.Set(object, bad)
			r := repository(s)
			found, err := r.Find(t.Context(), b.Name)
			if err == nil {
				_, err = r.Open(t.Context(), &found.Manifest, []age.Identity{id})
			}
			if !errors.Is(err, backup.ErrDamaged) {
				t.Errorf("%s %s: %v", object, name, err)
			}
		}
	}
}

// withSum appends the sha256 of b, as a server does.
func withSum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(bytes.Clone(b), sum[:]...)
}

// What verifications found counts, whatever their clocks said: a problem hides a
// backup until a verification that is as deep finds it good.
func TestRecords(t *testing.T) {
	t.Parallel()
	s := &backuptest.Store{}
	r := repository(s)
	name := save(t, r, backuptest.Snapshot(t, backuptest.Contents{}), backup.SaveOptions{}).Name
	for i, step := range []struct {
		how     backup.How
		problem string
		later   time.Duration
		damage  string
		best    backup.How
	}{
		{backup.Readback, "", time.Hour, "", backup.Readback},
		{backup.Deep, "", 0, "", backup.Deep},
		{backup.Readback, "", 2 * time.Hour, "", backup.Deep},
		{backup.Deep, "bad", -time.Hour, "bad", backup.Deep},
		{backup.Readback, "", 3 * time.Hour, "bad", backup.Deep},
		{backup.Drilled, "", -2 * time.Hour, "", backup.Drilled},
	} {
		r.Now = func() time.Time { return start.Add(step.later) }
		b, err := r.Find(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.AddRecord(t.Context(), b, step.how, step.problem); err != nil {
			t.Fatal(err)
		}
		l, err := r.List(t.Context())
		if err != nil || len(l.All()) != 1 || l.All()[0].Damage != step.damage || (len(l.Backups) == 1) != (step.damage == "") {
			t.Fatalf("step %d: %+v, %v", i, l, err)
		}
		if _, how := l.All()[0].Verification(); how != step.best {
			t.Errorf("step %d: verified %s", i, how)
		}
	}
}
