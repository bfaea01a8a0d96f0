package e2e

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

// relayTo passes connections to a socket on to a server.
func relayTo(t *testing.T, file, server string) {
	t.Helper()
	l, err := net.Listen("unix", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				to, err := net.Dial("tcp", server)
				if err != nil {
					return
				}
				defer to.Close()
				go func() { io.Copy(to, from); to.(*net.TCPConn).CloseWrite() }()
				io.Copy(from, to)
			}()
		}
	}()
}

// gateway is a server that is asked both ways.
type gateway struct {
	member *cluster.Member
	env    []string
	urls   int // peer URLs given out
}

func newGateway(t *testing.T, c *cluster.Cluster) *gateway {
	t.Helper()
	g := &gateway{member: c.Members[0], env: slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "ETCDCTL_") || strings.Contains(strings.ToLower(v), "_proxy=")
	})}
	g.env = append(g.env, "ETCDCTL_ENDPOINTS="+c.Members[0].Endpoint, "ETCDCTL_COMMAND_TIMEOUT=60s", "ETCDCTL_DIAL_TIMEOUT=60s",
		"PASSWORD="+cluster.RootPassword, "NEW_PASSWORD=secret")
	if dir := c.Certs(); dir != "" {
		g.env = append(g.env, "ETCDCTL_CACERT="+filepath.Join(dir, "ca.crt"),
			"ETCDCTL_CERT="+filepath.Join(dir, "client.crt"), "ETCDCTL_KEY="+filepath.Join(dir, "client.key"))
	}
	if c.HasAuth() {
		g.env = append(g.env, "ETCDCTL_USER="+cluster.RootUser+":"+cluster.RootPassword)
	}
	return g
}

// ran is the output of a program.
type ran struct {
	out, err string
	failed   bool
}

// program runs a program. If wait is not nil, the program is ended by a signal
// when wait matches its output.
func (g *gateway) program(t *testing.T, stdin string, wait []byte, argv ...string) ran {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Env, cmd.Stdin = g.env, strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	buf := make([]byte, 4096)
	for {
		n, err := stdout.Read(buf)
		out.Write(buf[:n])
		if err != nil {
			break
		}
		if wait != nil && bytes.Contains(out.Bytes(), wait) {
			_ = cmd.Process.Kill() // it may just have ended
			break
		}
	}
	return ran{failed: cmd.Wait() != nil, out: out.String(), err: stderr.String()}
}

func (g *gateway) etcdctl(t *testing.T, stdin string, wait []byte, args ...string) ran {
	t.Helper()
	return g.program(t, stdin, wait, append([]string{refs.Path(engine.Ours, "etcdctl")}, args...)...)
}

// must runs etcdctl, which has to succeed, and returns its output.
func (g *gateway) must(t *testing.T, args ...string) string {
	t.Helper()
	got := g.etcdctl(t, "", nil, args...)
	if got.failed {
		t.Fatalf("etcdctl %q: %s", args, got.err)
	}
	return got.out
}

// sh runs the output of --curl for a command line in a shell.
func (g *gateway) sh(t *testing.T, stdin string, wait []byte, args ...string) string {
	t.Helper()
	shown := g.etcdctl(t, stdin, nil, append(args, "--curl")...)
	if shown.failed || strings.Contains(shown.out, cluster.RootPassword) {
		t.Fatalf("etcdctl %q --curl: %+v", args, shown)
	}
	page := curlPage(t)
	paths := regexp.MustCompile(`/v3/[a-z/-]+`).FindAllString(shown.out, -1)
	if row := page[commandOf(page, args)]; !strings.Contains(row, "`"+paths[len(paths)-1]+"`") {
		t.Errorf("etcdctl %q asks %q, docs/curl.md says %q", args, paths, row)
	}
	if wait != nil {
		shown.out = strings.Replace(shown.out, "curl -sS -N", "exec curl -sS -N", 1) // to be ended like the command
	}
	got := g.program(t, "", wait, "sh", "-c", shown.out)
	if got.failed && wait == nil || got.err != "" {
		t.Fatalf("%s\n%+v", shown.out, got)
	}
	return got.out
}

// check compares both answers to a command line.
func (g *gateway) check(t *testing.T, c gatewayCase) {
	t.Helper()
	c.prepare(t, g)
	gateway, err := gatewayAnswer(g.sh(t, c.stdin, c.wait, c.args(t, g)...))
	if err != nil {
		t.Errorf("etcdctl %s --curl: %v", c.line, err)
		return
	}
	refused, _ := gateway["message"].(string)
	if optional, ok := strings.CutPrefix(c.refusal, "?"); refused != c.refusal && (!ok || refused != optional && refused != "") {
		t.Errorf("etcdctl %s --curl: %s", c.line, refused)
	}
	c.prepare(t, g)
	ours := g.etcdctl(t, c.stdin, c.wait, append(c.args(t, g), "-w", "json")...)
	if c.wait == nil && ours.failed != (refused != "") || !strings.Contains(ours.err, refused) {
		t.Errorf("etcdctl %s: %+v", c.line, ours)
		return
	}
	if refused != "" {
		return
	}
	want, err := c.ourAnswer(ours.out)
	if err != nil {
		t.Errorf("etcdctl %s: %v", c.line, err)
		return
	}
	if got, want := c.text(gateway), c.text(want); got != want {
		t.Errorf("etcdctl %s\n%s", c.line, diff.Diff("the command", []byte(want), "the gateway", []byte(got)))
	}
}

// switchAuth enables and disables authentication by curl: the second line logs in.
func (g *gateway) switchAuth(t *testing.T) {
	t.Helper()
	g.must(t, "user", "add", "root:"+cluster.RootPassword)
	g.must(t, "role", "add", "root")
	g.must(t, "user", "grant-role", "root", "root")
	for _, step := range []struct {
		line, after string
	}{
		{"auth enable", "Authentication Status: true"},
		{"auth disable --user root:" + cluster.RootPassword, "Authentication Status: false"},
	} {
		if _, err := gatewayAnswer(g.sh(t, "", nil, strings.Fields(step.line)...)); err != nil {
			t.Fatalf("etcdctl %s --curl: %v", step.line, err)
		}
		deadline := time.Now().Add(time.Minute)
		for !strings.Contains(g.etcdctl(t, "", nil, "auth", "status", "--user", "root:"+cluster.RootPassword).out, step.after) {
			if time.Now().After(deadline) {
				t.Fatalf("after etcdctl %s --curl, no %s", step.line, step.after)
			}
		}
	}
}
