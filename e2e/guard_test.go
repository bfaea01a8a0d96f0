package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/e2e/cluster"
)

// load writes to a cluster at a constant rate, through each member in turn.
type load struct {
	wg   sync.WaitGroup
	stop context.CancelFunc

	mu     sync.Mutex
	term   uint64 // of the newest answer
	sent   int
	failed int
	others []error       // failures that a change of the leader does not explain
	worst  time.Duration // that one write took
}

// writing starts a load of so many writes each second.
func (p *patient) writing(rate int) *load {
	p.Helper()
	var clients []*clientv3.Client
	for _, m := range p.c.Members {
		clients = append(clients, lateClient(p.T, m))
	}
	ctx, cancel := context.WithCancel(p.Context())
	l := &load{stop: cancel, term: p.term()}
	l.wg.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			l.wg.Go(func() { l.write(p.Context(), clients[i%len(clients)], i) })
		}
	})
	return l
}

// write writes a key. A member that loses the lead may lose what others have passed on to it without a word, so that a
// write times out: the leader has changed if the term is another one after a failure than before the write.
func (l *load) write(ctx context.Context, c *clientv3.Client, i int) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	l.mu.Lock()
	before := l.term
	l.mu.Unlock()
	start, after := time.Now(), before
	answer, err := c.Put(ctx, fmt.Sprint("load/", i%1000), "v")
	took := time.Since(start)
	if err == nil {
		after = answer.Header.RaftTerm
	} else if status, failure := c.Status(ctx, c.Endpoints()[0]); failure == nil {
		after = status.RaftTerm
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent, l.worst, l.term = l.sent+1, max(l.worst, took), max(l.term, after)
	if err == nil {
		return
	}
	l.failed++
	if after == before {
		l.others = append(l.others, err)
	}
}

// end ends the load. It returns the failures that a change of the leader does not explain.
func (l *load) end(t *testing.T, what string) []error {
	t.Helper()
	l.stop()
	l.wg.Wait()
	t.Logf("%s: %d writes, %d failed, %d of them not because of a change of the leader, the slowest took %v",
		what, l.sent, l.failed, len(l.others), l.worst.Round(time.Millisecond))
	return l.others
}

// term returns the term of a cluster, which grows with each change of the leader.
func (p *patient) term() uint64 {
	p.Helper()
	status, err := p.client().Status(p.Context(), p.c.Members[0].Endpoint)
	if err != nil {
		p.Fatal(err)
	}
	return status.RaftTerm
}

// fragment fills a database with values of a number of bytes, and compacts most of them away.
func (p *patient) fragment(megabytes int) {
	p.Helper()
	client, value := p.client(), strings.Repeat("v", 100_000)
	p.beside(megabytes*10, func(i int) error {
		_, err := client.Put(p.Context(), fmt.Sprint("big/", i%(megabytes*3)), value)
		return err
	})
	p.must("etcdctl compaction --latest --physical")
	for _, m := range p.c.Members { // a member reports pages as free after its next write
		for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			if _, err := client.Put(p.Context(), "next", "v"); err != nil {
				p.Fatal(err)
			}
			s, err := lateClient(p.T, m).Status(p.Context(), m.Endpoint)
			if err != nil {
				p.Fatal(err)
			}
			if s.DbSizeInUse*2 < s.DbSize {
				break
			}
			if time.Now().After(end) {
				p.Fatalf("%s: %d of %d bytes in use", m.Name, s.DbSizeInUse, s.DbSize)
			}
		}
	}
}

// TestDefragGuard defragments a cluster of each release that is written to (C-540): no write fails but during the one
// change of the leader. Upstream's defrag --cluster runs on the same cluster, for comparison.
func TestDefragGuard(t *testing.T) {
	t.Parallel()
	megabytes, rate := 30, 100
	args := []string{"--unsafe-no-fsync"}
	if *soak {
		megabytes, rate, args = 200, 500, nil
	}
	var turn sync.Mutex // three large loads at a time overload the disk, and then any write may time out
	eachRelease(t, func(t *testing.T, r release) {
		if *soak {
			turn.Lock()
			defer turn.Unlock()
		}
		c := startCluster(t, cluster.Options{Bin: r.bin, Dir: t.TempDir(), Members: 3, Args: args})
		p := newPatient(t, c)
		p.fragment(megabytes)
		plan := p.must("etcdctl defrag --cluster --guard --if-free-percent 30 --dry-run")
		if lines := strings.Split(plan, "\n"); len(lines) != 4 || !strings.HasPrefix(lines[2], "m1 (leader): defragment: ") {
			t.Fatalf("the plan: %s", plan)
		}
		before := p.term()
		l := p.writing(rate)
		out := p.must("etcdctl defrag --cluster --guard --if-free-percent 30")
		if others := l.end(t, "guarded"); len(others) > 0 {
			t.Errorf("%d writes failed, first: %v", len(others), others[0])
		}
		moved := strings.Count(out, "moved the lead from ") // again if it has come back, as it may on a busy machine
		if moved < 1 || moved > 2 || strings.Count(out, ": defragmented in ") != 3 {
			t.Errorf("the lead was moved %d times: %s", moved, out)
		}
		t.Logf("guarded: the leader changed %d times", p.term()-before)
		again := p.must("etcdctl defrag --cluster --guard --if-free-percent 30 -w jsonl")
		if strings.Count(again, `"action":"skipped"`) != 3 {
			t.Errorf("again: %s", again)
		}
		if !*soak {
			return
		}
		p.fragment(megabytes)
		before = p.term()
		l = p.writing(rate)
		p.must(r.bin + "/etcdctl defrag --cluster --command-timeout 60s")
		l.end(t, "upstream's")
		t.Logf("upstream's: the leader changed %d times", p.term()-before)
	})
}

// TestDefragGuardStops has a cluster in which one member is down, and a learner (C-541).
func TestDefragGuardStops(t *testing.T) {
	t.Parallel()
	c := startCluster(t, cluster.Options{Bin: build(t, "3.6"), Dir: t.TempDir(), Members: 3})
	p := newPatient(t, c)
	m, err := c.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	p.add("etcdctl member add " + m.Name + " --learner --peer-urls " + m.PeerURL)
	if err := c.Join(m.Name); err != nil {
		t.Fatal(err)
	}
	p.must("for i in $(seq 600); do etcdctl member list | grep -q ', " + m.Name + ",' && exit; sleep 0.1; done; exit 1") // its name is published
	out := p.must("etcdctl defrag --cluster --guard")
	if !strings.Contains(out, m.Name+": skipped: a learner refuses to be defragmented") || strings.Contains(out, "to "+m.Name) || strings.Count(out, ": defragmented in ") != 3 {
		t.Errorf("with a learner: %s", out)
	}
	p.stop("m3")
	out, errs, code := p.shell("etcdctl defrag --cluster --guard --gate-timeout 0s")
	if code != 23 || strings.Contains(out, "defragmented in") || !strings.Contains(errs, "only 1 of 3 voting members would be left, and 2 are needed: m3 does not answer") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	for _, line := range []string{"--guard", "--dry-run", "--guard --cluster --if-free-bytes much", "--cluster --guard --if-free-percent 101"} {
		if _, errs, code := p.shell("etcdctl defrag " + line); code != 128 {
			t.Errorf("%s: exit %d: %s", line, code, errs)
		}
	}
}
