package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// TestCompactedReads reads ranges while others write and the history is compacted every 0.7 s to its last five revisions. A read in
// several requests at one revision failed in 15 to 30 % of the runs, where upstream's single request never does.
func TestCompactedReads(t *testing.T) {
	t.Parallel()
	runs, megabytes := 2, []int{16}
	if *soak {
		runs, megabytes = 20, []int{16, 32, 64}
	}
	eachRelease(t, func(t *testing.T, r release) {
		engine.Enter(t, script.TurnLong)
		for _, mb := range megabytes {
			t.Run(fmt.Sprintf("%d MB", mb), func(t *testing.T) { readCompacted(t, r, mb, runs) })
		}
	})
}

// readCompacted reads a range of so many megabytes with both programs in turn.
func readCompacted(t *testing.T, r release, mb, runs int) {
	t.Helper()
	failed, endpoint := make(map[string]int), compactedHard(t, r, mb)
	for range runs {
		for name, program := range map[string]string{"ours": refs.Path(engine.Ours, "etcdctl"), "upstream": filepath.Join(r.bin, "etcdctl")} {
			out, err := exec.CommandContext(t.Context(), program, "--endpoints", endpoint, "--command-timeout", "1m", "get", "k", "--prefix").Output()
			if lines := strings.Count(string(out), "\n"); err != nil || lines != 2*mb*valuesPerMegabyte {
				failed[name]++
				t.Logf("%s: %v, %d lines", name, err, lines)
			}
		}
	}
	t.Logf("%d runs, failed: %v", runs, failed)
	if failed["ours"] > failed["upstream"] {
		t.Errorf("ours failed %d times, upstream's program %d", failed["ours"], failed["upstream"])
	}
}

// valuesPerMegabyte is how many keys have values of a million bytes together.
const valuesPerMegabyte = 250

// compactedHard starts a server with keys k00000... whose values four writers replace, and which is compacted all the time.
func compactedHard(t *testing.T, r release, megabytes int) (endpoint string) {
	t.Helper()
	m := startCluster(t, cluster.Options{Bin: r.bin, Dir: t.TempDir(), Args: []string{"--unsafe-no-fsync"}}).Members[0]
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{m.ClientURL}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	value := strings.Repeat("v", 1_000_000/valuesPerMegabyte)
	put := func(ctx context.Context, i int) error {
		_, err := client.Put(ctx, fmt.Sprintf("k%05d", i), value)
		return err
	}
	var filling sync.WaitGroup
	for worker := range 8 {
		filling.Go(func() {
			for i := worker; i < megabytes*valuesPerMegabyte; i += 8 {
				if err := put(t.Context(), i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	filling.Wait()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var busy sync.WaitGroup
	t.Cleanup(func() {
		stop()
		busy.Wait()
		_ = client.Close()
	})
	for range 4 {
		busy.Go(func() {
			for ctx.Err() == nil {
				_ = put(ctx, rand.IntN(megabytes*valuesPerMegabyte)) // the end of the test
			}
		})
	}
	busy.Go(func() {
		tick := time.NewTicker(700 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if resp, err := client.Get(ctx, "k", clientv3.WithCountOnly()); err == nil {
					_, _ = client.Compact(ctx, resp.Header.Revision-5) // a later one follows
				}
			}
		}
	})
	return m.ClientURL
}
