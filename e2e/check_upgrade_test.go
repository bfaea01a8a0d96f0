package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"etcdkit/e2e/cluster"
)

// stoppedMember runs a server of a release on a data directory, or on a new one if that is "", has it do something, and
// returns the directory.
func stoppedMember(t *testing.T, release, dir string, args []string, do func(p *patient)) string {
	t.Helper()
	c := startCluster(t, cluster.Options{Bin: build(t, release), Dir: t.TempDir(), DataDir: dir, Args: args})
	do(newPatient(t, c))
	if err := c.StopMember(c.Members[0].Name); err != nil {
		t.Fatal(err)
	}
	return c.Members[0].DataDir
}

// checkUpgrade checks a directory and compares the findings, of which all are errors.
func checkUpgrade(t *testing.T, dir, to string, want ...string) {
	t.Helper()
	p := &patient{T: t}
	out, errs, code := p.shell("etcdutl check upgrade --data-dir " + dir + " --to " + to + " -w json")
	var got struct{ Findings []finding }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("exit %d: %v: %s%s", code, err, out, errs)
	}
	var names []string
	for _, f := range got.Findings {
		if f.Severity != "error" || f.Evidence == "" || f.Command == "" {
			t.Errorf("%+v", f)
		}
		names = append(names, f.Check)
	}
	wantCode := 0
	if len(want) > 0 {
		wantCode = 21
	}
	if !slices.Equal(names, want) || code != wantCode {
		t.Errorf("to %s: exit %d and %q, want %q: %s%s", to, code, names, want, out, errs)
	}
}

// TestCheckUpgrade checks directories of servers of each release (C-620), and starts the next release on what is found to
// be ready.
func TestCheckUpgrade(t *testing.T) {
	t.Parallel()
	put := func(p *patient) { p.must("etcdctl put k v") }
	t.Run("from 3.5", func(t *testing.T) {
		t.Parallel()
		dir := stoppedMember(t, "3.5", "", nil, put)
		checkUpgrade(t, dir, "3.6")
		checkUpgrade(t, dir, "3.7", "upgrade-step", "v2-requests")
		stoppedMember(t, "3.6", dir, nil, func(p *patient) {
			put(p)
			p.must("for i in $(seq 600); do etcdctl endpoint status -w json | grep -q '\"storageVersion\":\"3.6' && exit; sleep 0.1; done; exit 1")
		})
		checkUpgrade(t, dir, "3.6")
		checkUpgrade(t, dir, "3.7", "v2-requests") // 3.7 would crash: no raft snapshot was saved by 3.6
		stoppedMember(t, "3.6", dir, []string{"--snapshot-count=1"}, put)
		checkUpgrade(t, dir, "3.7")
		stoppedMember(t, "3.7", dir, nil, func(p *patient) {
			if out := p.must("etcdctl get k"); out != "k\nv\n" {
				t.Errorf("3.7 has %q", out)
			}
		})
		checkUpgrade(t, dir, "3.7")
		checkUpgrade(t, dir, "3.6", "upgrade-step")
	})
	t.Run("v2", func(t *testing.T) {
		t.Parallel()
		set := func(p *patient) { p.must("ETCDCTL_API=2 etcdctl set /k v") }
		checkUpgrade(t, stoppedMember(t, "3.5", "", []string{"--enable-v2"}, set), "3.6", "v2-content")
		saved := stoppedMember(t, "3.5", "", []string{"--enable-v2", "--snapshot-count=5"}, func(p *patient) {
			set(p)
			for range 20 {
				put(p)
			}
		})
		checkUpgrade(t, saved, "3.6", "v2-content")
	})
	t.Run("members", func(t *testing.T) {
		t.Parallel()
		dir := stoppedMember(t, "3.5", "", nil, put)
		db, err := bbolt.Open(filepath.Join(dir, "member", "snap", "db"), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("members")).Put([]byte("abcdef"), []byte(`{"id":11259375,"peerURLs":["http://10.0.0.9:2380"],"name":"gone"}`))
		})
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		checkUpgrade(t, dir, "3.6", "members-differ")
	})
	t.Run("downgrade and alarm", func(t *testing.T) {
		t.Parallel()
		dir := stoppedMember(t, "3.7", "", []string{"--quota-backend-bytes=1000000"}, func(p *patient) {
			p.must("etcdctl downgrade enable 3.6")
			_, _, code := p.shell("etcdctl put k " + strings.Repeat("v", 100_000))
			for range 50 {
				if code == 0 {
					_, _, code = p.shell("etcdctl put k " + strings.Repeat("v", 100_000))
				}
			}
			if code == 0 {
				t.Fatal("the database did not fill")
			}
		})
		checkUpgrade(t, dir, "3.7", "downgrade", "alarms")
	})
}
