package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// historyEnd is the value of the last event below each prefix.
const historyEnd = "the end"

// TestWatchHistory watches a long history of each release from its beginning.
// The output equals that of upstream's program, byte for byte, however many of
// the revisions have events; also over connections that break, from a cluster
// of three members and with a password.
func TestWatchHistory(t *testing.T) {
	t.Parallel()
	eachRelease(t, func(t *testing.T, r release) {
		engine.Enter(t, script.TurnLong)
		opts := cluster.Options{Bin: r.bin, Dir: t.TempDir(), Args: []string{"--unsafe-no-fsync"}}
		switch r.line {
		case "3.6":
			opts.Auth = true
		case "3.7":
			opts.Members = 3
		}
		c := startCluster(t, opts)
		first := strings.Split(c.Endpoints(), ",")[0] // the member that ours asks for the past
		w := &pastWatch{line: r.line, bin: r.bin, endpoints: c.Endpoints(), first: first}
		client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(w.endpoints, ","), Logger: zap.NewNop(), Username: w.user(), Password: w.password()})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		writeHistory(t, client, rand.New(rand.NewPCG(uint64(r.number), 7)))
		for _, args := range []string{"all/", "few/", "none/"} {
			w.compare(t, args)
		}
		w.endpoints = first // a watch may go to any of them, and the header names it
		for _, args := range []string{"most/ -w json", "few/ -w json", "all/ -w json --prev-kv"} {
			w.compare(t, args)
		}
		w.endpoints = breaking(t, first, 700_000)
		w.compare(t, "all/")
	})
}

// writeHistory writes 9000 revisions, which all have events below all/, and some below the other prefixes.
func writeHistory(t *testing.T, c *clientv3.Client, random *rand.Rand) {
	t.Helper()
	commit := func(ops ...clientv3.Op) {
		t.Helper()
		if _, err := c.Txn(t.Context()).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	const revs = 9000
	for rev := range revs {
		ops := []clientv3.Op{clientv3.OpPut(fmt.Sprintf("all/%02d", random.IntN(60)), strings.Repeat("v", random.IntN(200)))}
		if random.IntN(10) < 6 {
			key := fmt.Sprintf("most/%d", random.IntN(9))
			if ops = append(ops, clientv3.OpPut(key, "v")); random.IntN(4) == 0 {
				ops[1] = clientv3.OpDelete(key)
			}
		}
		// The few come seldom at first and often later.
		if random.IntN(revs) < rev/2 {
			ops = append(ops, clientv3.OpPut("few/a", fmt.Sprint(rev)), clientv3.OpPut("few/b", "v"))
		}
		commit(ops...)
	}
	var last []clientv3.Op
	for _, prefix := range []string{"all/", "most/", "few/", "none/"} {
		last = append(last, clientv3.OpPut(prefix+"z", historyEnd))
	}
	commit(last...)
}

// pastWatch watches the past events of servers of a release.
type pastWatch struct{ line, bin, endpoints, first string }

func (w *pastWatch) user() string {
	if w.line == "3.6" {
		return "root"
	}
	return ""
}

func (w *pastWatch) password() string {
	if w.user() == "" {
		return ""
	}
	return "rootpw"
}

// compare compares the whole output of the two programs.
func (w *pastWatch) compare(t *testing.T, args string) {
	t.Helper()
	want := w.run(t, refs.Path(w.bin, "etcdctl"), w.first, args)
	got := w.run(t, refs.Path(engine.Ours, "etcdctl"), w.endpoints, args)
	if !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("watch %s: got %d bytes, want %d, which differ from the %dth on: %.100q, want %.100q", args, len(got), len(want), at, got[at:], want[at:])
	}
}

// run watches until the last event has come.
func (w *pastWatch) run(t *testing.T, program, endpoints, args string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"--endpoints", endpoints, "watch", "--prefix", "--rev", "1"}, strings.Fields(args)...)...)
	cmd.Env = append(os.Environ(), "ETCDCTL_COMPAT="+w.line)
	if w.user() != "" {
		cmd.Env = append(cmd.Env, "ETCDCTL_USER="+w.user()+":"+w.password())
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cancel()
	ends := [][]byte{[]byte(historyEnd + "\n"), []byte("dGhlIGVuZA==\"}}],")}
	var all []byte
	for buf := make([]byte, 1<<16); ; {
		n, err := out.Read(buf)
		all = append(all, buf[:n]...)
		tail := all[max(0, len(all)-400):]
		if bytes.Contains(tail, ends[0]) || bytes.Contains(tail, ends[1]) && bytes.HasSuffix(all, []byte("\n")) {
			return all
		}
		if err != nil {
			t.Fatalf("watch %s of %s ended with %v after %d bytes", args, program, err, len(all))
		}
	}
}

// breaking returns the address of a proxy that cuts each connection after so many bytes of answers.
func breaking(t *testing.T, to string, after int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = conn.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, conn) }()
			go func() {
				_, _ = io.CopyN(conn, server, after)
				_ = conn.Close()
				_ = server.Close()
			}()
		}
	}()
	return l.Addr().String()
}
