package e2e

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/protobuf/proto"

	"etcdkit/e2e/cluster"
)

// verdict is what check consistency prints as JSON.
type verdict struct {
	Consistent      bool
	Revision        int64
	CompactRevision int64 `json:"compact_revision"`
	Majority        []string
	Copies          []struct {
		Name, Error string
		Group       int
	}
	Differences []struct {
		Copies         []string
		Revision       int64
		Compacted      bool
		Error, Command string
	}
	Changes []struct {
		Copies     []string
		Revision   int64
		Event      string
		Key, Value []byte
	}
}

// compare runs a command line that compares, and returns what it prints.
func (p *patient) compare(line string, wantCode int) verdict {
	p.Helper()
	out, errs, code := p.shell(line + " -w json")
	var v verdict
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != wantCode {
		p.Fatalf("%s: exit %d, want %d: %v: %s%s", line, code, wantCode, err, out, errs)
	}
	return v
}

// says checks the difference of one member, and that one of its changes has these sides.
func (v verdict) says(t *testing.T, who string, rev int64, compacted bool, sides ...string) { //nolint:revive // what is expected
	t.Helper()
	for _, d := range v.Differences {
		if !slices.Equal(d.Copies, []string{who}) {
			continue
		}
		if d.Revision != rev || d.Compacted != compacted || d.Error != "" {
			t.Errorf("%s: got %+v, want revision %d, compacted %v", who, d, rev, compacted)
		}
		var got [][]string
		for i, c := range v.Changes {
			if slices.Equal(c.Copies, []string{who}) {
				first := v.Changes[i-1]
				got = append(got, []string{first.Event + " " + string(first.Key) + " " + string(first.Value), c.Event + " " + string(c.Key) + " " + string(c.Value)})
			}
		}
		if !slices.ContainsFunc(got, func(pair []string) bool { return slices.Equal(pair, sides) }) {
			t.Errorf("%s: got %q, want %q", who, got, sides)
		}
		return
	}
	t.Errorf("no difference of %s in %+v", who, v)
}

// edit changes the database of a stopped member: do gets the record of the change at a revision.
func (p *patient) edit(name string, rev int64, do func(b *bbolt.Bucket, key []byte, kv *mvccpb.KeyValue) error) {
	p.Helper()
	m, err := p.c.Member(name)
	if err != nil {
		p.Fatal(err)
	}
	db, err := bbolt.Open(filepath.Join(m.DataDir, "member", "snap", "db"), 0o600, &bbolt.Options{Timeout: time.Minute})
	if err != nil {
		p.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("key"))
		prefix := binary.BigEndian.AppendUint64(nil, uint64(rev))
		key, value := b.Cursor().Seek(prefix)
		if len(key) < 17 || binary.BigEndian.Uint64(key) != uint64(rev) {
			return fmt.Errorf("no revision %d", rev)
		}
		var kv mvccpb.KeyValue
		if err := proto.Unmarshal(value, &kv); err != nil {
			return err
		}
		return do(b, slices.Clone(key), &kv)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		p.Fatal(err)
	}
}

// setValue replaces the value of a record.
func setValue(value string) func(*bbolt.Bucket, []byte, *mvccpb.KeyValue) error {
	return func(b *bbolt.Bucket, key []byte, kv *mvccpb.KeyValue) error {
		kv.Value = []byte(value)
		record, err := proto.Marshal(kv)
		if err != nil {
			return err
		}
		return b.Put(key, record)
	}
}

// remove removes a record.
func remove(b *bbolt.Bucket, key []byte, _ *mvccpb.KeyValue) error { return b.Delete(key) }

// TestConsistency makes members of each release differ, and finds where.
func TestConsistency(t *testing.T) {
	t.Parallel()
	for _, release := range []string{"3.5", "3.6", "3.7"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			c := startCluster(t, cluster.Options{Bin: build(t, release), Dir: t.TempDir(), Members: 3})
			diverge(newPatient(t, c))
		})
	}
}

func diverge(p *patient) {
	client := p.client()
	p.put(client, 40) // revisions 2 to 41
	if _, err := client.Compact(p.Context(), 21, clientv3.WithCompactPhysical()); err != nil {
		p.Fatal(err)
	}
	const check = "etcdctl check consistency"
	if v := p.compare(check, 0); !v.Consistent || v.Revision != 41 || len(v.Copies) != 3 || v.CompactRevision != 21 {
		p.Errorf("got %+v", v)
	}

	p.stop("m3")
	p.edit("m3", 33, setValue("flipped"))
	p.start("m3")
	v := p.compare(check, 22)
	v.says(p.T, "m3", 33, false, "put k11 v33", "put k11 flipped")
	if !slices.Equal(v.Majority, []string{"m1", "m2"}) || len(v.Differences) != 1 ||
		v.Differences[0].Command != "etcdctl member swap m3 --peer-urls "+p.c.Members[2].PeerURL {
		p.Errorf("got %+v", v)
	}

	alarm := &pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, MemberID: p.c.Members[2].ID, Alarm: pb.AlarmType_CORRUPT}
	if _, err := pb.NewMaintenanceClient(client.ActiveConnection()).Alarm(p.Context(), alarm); err != nil {
		p.Fatal(err)
	}
	p.compare(check, 22).says(p.T, "m3", 33, false, "put k11 v33", "put k11 flipped")
	p.must("etcdctl alarm disarm")

	// A revision that one member lacks; a value that the compaction kept; no majority.
	p.stop("m2", "m3")
	p.edit("m2", 30, remove)
	p.start("m2", "m3")
	v = p.compare(check, 22)
	v.says(p.T, "m2", 30, false, "put k8 v30", "missing k8 ")
	if len(v.Majority) != 0 {
		p.Errorf("got %+v", v)
	}
	p.offline()

	p.stop("m3")
	p.edit("m3", 20, setValue("older"))
	p.start("m3")
	p.compare(check, 22).says(p.T, "m3", 36, true, "put k20 v20", "put k20 older")

	p.stop("m2")
	v = p.compare(check, 22)
	if i := slices.IndexFunc(v.Copies, func(c struct {
		Name, Error string
		Group       int
	}) bool {
		return c.Name == "m2"
	}); i < 0 || v.Copies[i].Error == "" || v.Copies[i].Group != 0 || len(v.Majority) != 0 {
		p.Errorf("got %+v", v)
	}
	p.start("m2")
}

// put writes some keys, of which each but the first is written twice: revision n has the value vn.
func (p *patient) put(client *clientv3.Client, n int) {
	p.Helper()
	for rev := 2; rev < n+2; rev++ {
		if _, err := client.Put(p.Context(), fmt.Sprintf("k%d", rev%22), fmt.Sprintf("v%d", rev)); err != nil {
			p.Fatal(err)
		}
	}
}

// offline compares the data directories of stopped members, and snapshots, as the members were compared.
func (p *patient) offline() {
	p.Helper()
	dir := p.TempDir()
	for i, m := range p.c.Members {
		p.must(fmt.Sprintf("etcdctl --endpoints %s snapshot save %s/s%d", m.ClientURL, dir, i+1))
	}
	v := p.compare(fmt.Sprintf("cd %s && etcdutl check consistency s1 s2 s3", dir), 22)
	v.says(p.T, "s2", 30, false, "put k8 v30", "missing k8 ")
	v.says(p.T, "s3", 33, false, "put k11 v33", "put k11 flipped")
	if v := p.compare(fmt.Sprintf("cd %s && etcdutl check consistency s1 s1", dir), 0); !v.Consistent {
		p.Errorf("got %+v", v)
	}
	p.must(fmt.Sprintf("etcdctl --endpoints %s compaction --physical 36", p.c.Members[0].ClientURL))
	p.must("etcdctl put k8 again && etcdctl put k11 again")
	var dirs []string
	for _, m := range p.c.Members {
		p.stop(m.Name)
		dirs = append(dirs, m.DataDir)
	}
	// What m3 had at revision 33 was replaced and compacted. m2 has compacted an older version of k8 than the others.
	v = p.compare("etcdutl check consistency "+strings.Join(dirs, " "), 22)
	v.says(p.T, dirs[1], 36, true, "put k8 v30", "put k8 v8")
	if !slices.Equal(v.Majority, []string{dirs[0], dirs[2]}) || v.Revision != 43 {
		p.Errorf("got %+v", v)
	}
	// Hashes after different compactions can't be compared: what both hold is read.
	v = p.compare(fmt.Sprintf("cd %s && etcdutl check consistency s1 %s", dir, dirs[1]), 22)
	v.says(p.T, dirs[1], 36, true, "put k8 v30", "put k8 v8")
	p.compare(fmt.Sprintf("cd %s && etcdutl check consistency s1 %s", dir, dirs[0]), 0)
	p.start("m1", "m2", "m3")
}

// TestConsistencyMillion finds one value among a million keys and a hundred thousand revisions. It reports the times.
func TestConsistencyMillion(t *testing.T) {
	t.Parallel()
	if !*soak {
		t.Skip("a minute on an idle machine: run it with -soak")
	}
	for _, tt := range []struct {
		rev, compacted int64
	}{{77_777, 0}, {3, 0}, {55_555, 90_000}, {100_001, 100_001}} {
		files := []string{filepath.Join(t.TempDir(), "same"), filepath.Join(t.TempDir(), "flipped")}
		million(t, files[0], 0)
		million(t, files[1], tt.rev)
		c := startCluster(t, cluster.Options{Bin: build(t, "3.6"), Dir: t.TempDir(), Members: 3, Args: []string{"--quota-backend-bytes=8589934592"}, Prepare: func(c *cluster.Cluster) error {
			const raw = "--skip-hash-check" // there is none
			return errors.Join(restoreOne(t.Context(), c, c.Members[0], files[0], raw), restoreOne(t.Context(), c, c.Members[1], files[0], raw), restoreOne(t.Context(), c, c.Members[2], files[1], raw))
		}})
		p := newPatient(t, c)
		want := tt.rev
		if tt.compacted > 0 {
			p.must(fmt.Sprintf("etcdctl --command-timeout 5m compaction --physical %d", tt.compacted))
			want = tt.compacted
		}
		for range 2 {
			began := time.Now()
			v := p.compare("etcdctl check consistency", 22)
			t.Logf("revision %d, compacted at %d: found in %v", tt.rev, tt.compacted, time.Since(began).Round(10*time.Millisecond))
			key := fmt.Sprintf("/registry/things/namespace-%03d/name-%07d", tt.rev*10%200, tt.rev*10)
			v.says(t, "m3", want, tt.compacted > 0, "put "+key+" "+strings.Repeat("x", 100), "put "+key+" flipped")
		}
		c.Stop()
	}
}

// million makes a database of a million keys, written in 100,000 transactions of which one has another value.
func million(t *testing.T, file string, flip int64) {
	t.Helper()
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for rev := int64(2); rev < 100_002; {
		err := db.Update(func(tx *bbolt.Tx) error {
			for _, name := range []string{"alarm", "auth", "authRoles", "authUsers", "cluster", "lease", "members", "members_removed", "meta"} {
				if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
					return err
				}
			}
			b, err := tx.CreateBucketIfNotExists([]byte("key"))
			if err != nil {
				return err
			}
			b.FillPercent = 0.95
			for end := rev + 5000; rev < end; rev++ {
				for sub := range int64(10) {
					n := rev*10 + sub
					kv := &mvccpb.KeyValue{Key: fmt.Appendf(nil, "/registry/things/namespace-%03d/name-%07d", n%200, n), Value: []byte(strings.Repeat("x", 100)), CreateRevision: rev, ModRevision: rev, Version: 1}
					if rev == flip && sub == 0 {
						kv.Value = []byte("flipped")
					}
					value, err := proto.Marshal(kv)
					if err != nil {
						return err
					}
					key := append(binary.BigEndian.AppendUint64(nil, uint64(rev)), '_')
					if err := b.Put(binary.BigEndian.AppendUint64(key, uint64(sub)), value); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
