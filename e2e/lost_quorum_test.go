package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

// quorumRounds is how often each release loses its quorum.
func quorumRounds() int {
	if *soak {
		return 34
	}
	return 1
}

// TestLostQuorum kills all three members of a cluster that is written to, and recovers a new cluster from what one of them
// has left (C-600): every acknowledged write that its log holds is there. From two of them, every acknowledged write is.
func TestLostQuorum(t *testing.T) {
	t.Parallel()
	eachRelease(t, func(t *testing.T, r release) {
		for range quorumRounds() {
			c := startCluster(t, cluster.Options{Bin: r.bin, Dir: t.TempDir(), Members: 3, Args: []string{"--snapshot-count=300"}})
			left := rand.Perm(3)
			acknowledged := writeUntilKilled(t, c, c.Members[left[rand.IntN(3)]])
			one, two := c.Members[left[0]], c.Members[left[1]]
			held := logged(t, one)
			known := map[string]string{}
			for key, value := range acknowledged {
				if held[key] {
					known[key] = value
				}
			}
			t.Logf("%d writes acknowledged, %d of them in the log of %s", len(acknowledged), len(known), one.Name)
			recovered(t, r, known, one)
			recovered(t, r, acknowledged, one, two)
		}
	})
}

// writeUntilKilled writes keys through all members, pauses one of these after a time, kills them all, and returns the
// writes that were acknowledged.
func writeUntilKilled(t *testing.T, c *cluster.Cluster, slow *cluster.Member) map[string]string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	acknowledged, some := map[string]string{}, make(chan struct{}, 1)
	var wg sync.WaitGroup
	for n := range 12 {
		client := lateClient(t, c.Members[n%3])
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				key, value := fmt.Sprintf("w%d/%d", n, i), strings.Repeat("v", 1+i%500)
				if _, err := client.Put(ctx, key, value); err != nil {
					continue
				}
				mu.Lock()
				acknowledged[key] = value
				mu.Unlock()
				select {
				case some <- struct{}{}:
				default:
				}
			}
		})
	}
	select {
	case <-some:
	case <-time.After(time.Minute):
		t.Fatal("nothing was acknowledged")
	}
	time.Sleep(rand.N(400 * time.Millisecond)) // the moment is any
	if err := slow.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(rand.N(400 * time.Millisecond))
	c.Kill()
	stop()
	wg.Wait()
	return acknowledged
}

// logged returns the keys of the puts in the WAL of a member and in its database.
func logged(t *testing.T, m *cluster.Member) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for _, args := range [][]string{{"wal", "dump", m.DataDir, "-w", "jsonl"}, {"get", "", "--prefix", "--keys-only", "--from", filepath.Join(m.DataDir, "member", "snap", "db"), "-w", "jsonl"}} {
		cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdutl"), args...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%q: %v: %s", args, err, err.(*exec.ExitError).Stderr) //nolint:errorlint // of Output
		}
		lines := bufio.NewScanner(strings.NewReader(string(out)))
		for lines.Scan() {
			var line struct{ Key []byte }
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Fatalf("%q: %v: %s", args, err, lines.Text())
			}
			keys[string(line.Key)] = true
		}
	}
	return keys
}

// recovered recovers a cluster of one from the directories of members, starts it, and looks for writes.
func recovered(t *testing.T, r release, want map[string]string, left ...*cluster.Member) {
	t.Helper()
	c := startCluster(t, cluster.Options{Bin: r.bin, Dir: t.TempDir(), Prepare: func(c *cluster.Cluster) error {
		m := c.Members[0]
		args := []string{"recover", "--data-dir=" + m.DataDir, "--name=" + m.Name, "--initial-cluster=" + c.InitialCluster(),
			"--initial-cluster-token=" + c.Token(), "--initial-advertise-peer-urls=" + m.PeerURL}
		for _, one := range left {
			args = append(args, one.DataDir)
		}
		out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdutl"), args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("recover: %w: %s", err, out)
		}
		return nil
	}})
	defer c.Stop()
	client := lateClient(t, c.Members[0])
	resp, err := client.Get(t.Context(), "w", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Revision < 1_000_000_000 {
		t.Errorf("revision %d is not raised", resp.Header.Revision)
	}
	got := map[string]string{}
	for _, kv := range resp.Kvs {
		got[string(kv.Key)] = string(kv.Value)
	}
	for key, value := range want {
		if got[key] != value {
			t.Fatalf("%s was acknowledged with %d bytes, and has %d", key, len(value), len(got[key]))
		}
	}
	if _, err := client.Put(t.Context(), "after", "v"); err != nil {
		t.Fatal(err)
	}
}
