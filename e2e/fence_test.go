package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

// fenceRounds is how often each command is run into each fault on each release.
func fenceRounds() int {
	if *soak {
		return 100
	}
	return 3
}

// lateKeys is how many keys a run writes.
const lateKeys = 3000

// TestLateWrites takes the leader away from commands that write many keys: it
// is paused, or cut off from the other members. When the command has ended,
// another program writes all keys, and then the leader comes back, with the
// requests that the command had sent to it. Data came back: requests whose
// answer was lost were sent again, and the first copies were applied after
// everything else.
func TestLateWrites(t *testing.T) {
	t.Parallel()
	source := startCluster(t, cluster.Options{Bin: build(t, "3.5"), Dir: t.TempDir(), Args: []string{"--enable-v2", "--unsafe-no-fsync"}}).Members[0]
	fillLateSource(t, source)
	eachRelease(t, func(t *testing.T, r release) {
		for _, fault := range []string{"paused", "cut off"} {
			t.Run(fault, func(t *testing.T) {
				t.Parallel()
				l := newLate(t, r, source)
				for round := range fenceRounds() {
					for _, command := range []string{"import", "put --batch", "make-mirror", "copy-to-v3"} {
						l.round(t, command, fault, fmt.Sprintf("/%s %s %d/", command, fault, round))
						if t.Failed() {
							return
						}
					}
				}
				t.Logf("ended with: %v", l.ends)
			})
		}
	})
}

// fillLateSource makes the keys that are mirrored, and those of v2 that are copied.
func fillLateSource(t *testing.T, m *cluster.Member) {
	t.Helper()
	client := lateClient(t, m)
	var filling sync.WaitGroup
	for worker := range 8 {
		filling.Go(func() {
			for i := worker; i < lateKeys; i += 8 {
				key := fmt.Sprintf("%05d", i)
				if _, err := client.Put(t.Context(), "/source/"+key, "old"); err != nil {
					t.Error(err)
				}
				v2Call(t, m, "PUT", "/source/"+key, url.Values{"value": {"old"}})
			}
		})
	}
	filling.Wait()
}

// late is a cluster of three whose leader is taken away again and again.
type late struct {
	c       *cluster.Cluster
	source  *cluster.Member
	clients map[*cluster.Member]*clientv3.Client
	ends    map[string]int // of the commands
}

func newLate(t *testing.T, r release, source *cluster.Member) *late {
	t.Helper()
	l := &late{source: source, clients: make(map[*cluster.Member]*clientv3.Client), ends: make(map[string]int)}
	l.c = startCluster(t, cluster.Options{Bin: r.bin, Dir: t.TempDir(), Members: 3, Network: true,
		Args: []string{"--unsafe-no-fsync", "--heartbeat-interval=50", "--election-timeout=600"}})
	for _, m := range l.c.Members {
		l.clients[m] = lateClient(t, m)
	}
	return l
}

func lateClient(t *testing.T, m *cluster.Member) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{m.ClientURL}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // its server is gone
	return c
}

// command returns a command that writes lateKeys keys with the value old below a prefix, by way of a member.
func (l *late) command(t *testing.T, name string, to *cluster.Member, prefix string) *exec.Cmd {
	t.Helper()
	// The first try of a request and its second together have the time of an election.
	args := []string{"--endpoints", to.ClientURL, "--command-timeout", "3s"}
	var in strings.Builder
	switch name {
	case "import", "put --batch":
		for i := range lateKeys {
			fmt.Fprintf(&in, `{"key":%q,"value":"old"}`+"\n", fmt.Sprintf("%s%05d", prefix, i))
		}
		args = append(args, "put", "--batch", "jsonl", "--max-txn-ops", "20")
		if name == "import" {
			file := filepath.Join(t.TempDir(), "old.jsonl")
			if err := os.WriteFile(file, []byte(in.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args[:4], "import", file, "--max-txn-ops", "20")
		}
	case "make-mirror":
		args = []string{"--endpoints", l.source.ClientURL, "--command-timeout", "3s", "make-mirror", "--once", "--max-txn-ops", "20",
			"--prefix", "/source/", "--dest-prefix", prefix, to.ClientURL}
	case "copy-to-v3":
		args = []string{"--endpoints", l.source.ClientURL, "--total-timeout", "3s", "copy-to-v3", "--prefix", "/source", "--dest-prefix", prefix,
			"--dest", to.ClientURL}
	}
	cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdctl"), args...)
	cmd.Stdin = strings.NewReader(in.String())
	cmd.Env = os.Environ()
	if name == "copy-to-v3" {
		cmd.Env = append(cmd.Env, "ETCDCTL_API=2")
	}
	return cmd
}

// leader returns the member that leads, and another.
func (l *late) leader(t *testing.T) (leader, other *cluster.Member) {
	t.Helper()
	for {
		for _, m := range l.c.Members {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			status, err := l.clients[m].Status(ctx, m.ClientURL)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			if status.Leader == m.ID {
				leader = m
			} else {
				other = m
			}
		}
		if leader != nil {
			return leader, other
		}
	}
}

// round runs a command once, with the leader away from its first writes to its end, and checks that nothing of it comes later.
func (l *late) round(t *testing.T, command, fault, prefix string) {
	t.Helper()
	leader, other := l.leader(t)
	watching, cancel := context.WithCancel(t.Context())
	written := l.clients[other].Watch(watching, prefix, clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	<-written
	cmd := l.command(t, command, other, prefix)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for wrote := false; !wrote; {
		select {
		case resp := <-written:
			for _, e := range resp.Events {
				wrote = wrote || e.Kv.Lease == 0 // no fence
			}
		case err := <-ended:
			t.Fatalf("%s ended before it wrote: %v\n%s", command, err, out.Bytes())
		}
	}
	cancel()
	back := l.takeAway(t, leader, fault)
	err := <-ended
	l.ends[fmt.Sprintf("%s: %v", command, err)]++
	l.overwrite(t, other, prefix)
	back()
	l.catchUp(t, leader, other)
	if err == nil || !bytes.Contains(out.Bytes(), []byte("not known whether")) { // nothing may come later of what is not said to be unknown
		l.check(t, leader, command, fault, prefix)
		if t.Failed() {
			t.Logf("%s: %v\n%s", command, err, out.Bytes())
		}
	}
}

// takeAway takes the leader away until back is called.
func (l *late) takeAway(t *testing.T, m *cluster.Member, fault string) (back func()) {
	t.Helper()
	if fault == "cut off" {
		l.c.CutOff(m)
		return l.c.Reconnect
	}
	if err := m.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	back = func() { once.Do(func() { _ = m.Signal(syscall.SIGCONT) }) }
	t.Cleanup(back)
	return back
}

// overwrite writes all keys again, as another program does.
func (l *late) overwrite(t *testing.T, by *cluster.Member, prefix string) {
	t.Helper()
	for i := 0; i < lateKeys; i += 100 {
		var ops []clientv3.Op
		for k := range 100 {
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("%s%05d", prefix, i+k), "new"))
		}
		for {
			_, err := l.clients[by].Txn(t.Context()).Then(ops...).Commit()
			if err == nil {
				break
			}
			if t.Context().Err() != nil {
				t.Fatal(err)
			}
		}
	}
}

// catchUp waits until the member that was unreachable has the state of the
// others, and has passed on its pending requests.
func (l *late) catchUp(t *testing.T, away, other *cluster.Member) {
	t.Helper()
	for n := 0; n < 20; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := l.clients[away].Put(ctx, "/caught up", "by "+away.Name)
		if err == nil {
			_, err = l.clients[other].Get(ctx, "/caught up")
		}
		cancel()
		if err == nil {
			n++
		} else if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}

// check reports keys that have an old value.
func (l *late) check(t *testing.T, by *cluster.Member, command, fault, prefix string) {
	t.Helper()
	resp, err := l.clients[by].Get(t.Context(), prefix, clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	old, fences := 0, 0
	for _, kv := range resp.Kvs {
		switch {
		case kv.Lease != 0:
			fences++
		case string(kv.Value) != "new":
			old++
		}
	}
	if old > 0 || len(resp.Kvs)-fences != lateKeys {
		t.Errorf("%s, leader %s: %d of %d keys have their old values again", command, fault, old, len(resp.Kvs)-fences)
	}
}
