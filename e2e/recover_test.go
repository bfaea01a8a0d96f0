package e2e

import (
	"fmt"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/e2e/cluster"
)

// TestAlarmRecover fills a cluster of each release until it accepts no writes, and recovers it (C-542): no key is lost.
func TestAlarmRecover(t *testing.T) {
	t.Parallel()
	eachRelease(t, func(t *testing.T, r release) {
		c := startCluster(t, cluster.Options{Bin: r.bin, Dir: t.TempDir(), Members: 3, Args: []string{"--quota-backend-bytes=16777216", "--unsafe-no-fsync"}})
		p := newPatient(t, c)
		client, value := p.client(), strings.Repeat("v", 400_000)
		full := false
		for i := range 200 {
			if _, err := client.Put(t.Context(), fmt.Sprint("/app/keys/", i%3), value); err != nil {
				full = strings.Contains(err.Error(), "database space exceeded")
				break
			}
		}
		if !full {
			t.Fatal("the database did not fill")
		}
		plan := p.must("etcdctl alarm recover --dry-run")
		for _, want := range []string{"m1: 1", " of 17 MB: 1.2 MB latest values, ", "/app/keys/: 1.2 MB in 3 keys", "plan: compact the history before revision ",
			"plan: m1 (leader): defragment: ", "plan: disarm NOSPACE of m", "plan: write a test key"} {
			if !strings.Contains(plan, want) {
				t.Errorf("the plan lacks %q:\n%s", want, plan)
			}
		}
		if out, errs, code := p.shell("etcdctl alarm recover </dev/null"); code != 128 || !strings.Contains(errs, "nothing was changed") {
			t.Errorf("without --yes: exit %d: %s%s", code, out, errs)
		}
		if _, _, code := p.shell("etcdctl put k v"); code == 0 {
			t.Error("the alarm has gone before anything was done")
		}
		out := p.must("etcdctl alarm recover --yes")
		for _, want := range []string{"compacted revision ", "m1: defragmented in ", "disarmed NOSPACE\n", "wrote a test key", "; the cluster accepts writes\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("it does not print %q:\n%s", want, out)
			}
		}
		p.must("etcdctl put k v")
		if keys := p.must("etcdctl get / --prefix --keys-only && etcdctl count etcdkit"); strings.Count(keys, "/app/keys/") != 3 || !strings.HasSuffix(keys, "\n0\n") {
			t.Errorf("the keys: %s", keys)
		}
		if again := p.must("etcdctl alarm recover"); !strings.Contains(again, "nothing to recover") {
			t.Errorf("again: %s", again)
		}
		_, err := pb.NewMaintenanceClient(client.ActiveConnection()).Alarm(t.Context(), &pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, MemberID: c.Members[0].ID, Alarm: pb.AlarmType_CORRUPT})
		if err != nil {
			t.Fatal(err)
		}
		if _, errs, code := p.shell("etcdctl alarm recover --yes"); code != 23 || !strings.Contains(errs, "the alarm CORRUPT is raised") {
			t.Errorf("with CORRUPT: exit %d: %s", code, errs)
		}
	})
}
