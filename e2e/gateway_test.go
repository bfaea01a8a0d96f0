package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/need"
	"etcdkit/e2e/script"
)

// TestCurl runs the line that --curl prints for each command through sh and curl on a server of each release, and compares
// the gateway's answer with that of the command itself.
func TestCurl(t *testing.T) {
	t.Parallel()
	requireOrSkip(t, need.Curl, need.Program("curl"))
	lines, err := engine.Refs.Lines()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		for kind, opts := range map[string]cluster.Options{"plain": {}, "tls": {ClientCertAuth: true}, "auth": {Auth: true}} {
			t.Run(line+"/"+kind, func(t *testing.T) {
				parallel(t, script.TurnLong)
				if opts.Bin, err = engine.Refs.Build(t.Context(), line); err != nil {
					t.Fatal(err)
				}
				opts.Dir = t.TempDir()
				g := newGateway(t, startCluster(t, opts))
				for _, c := range gatewayCases() {
					g.check(t, c)
				}
				if kind == "plain" {
					g.switchAuth(t)
				}
			})
		}
	}
}

// TestCurlPage checks that the commands on docs/curl.md are those that TestCurl runs.
func TestCurlPage(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{"auth enable": true, "auth disable": true}
	page := curlPage(t)
	for _, c := range gatewayCases() {
		tested[commandOf(page, strings.Fields(c.line))] = true
	}
	for command := range page {
		if !tested[command] {
			t.Errorf("nothing runs the line of %s", command)
		}
	}
}

// curlPage returns the rows of the page's table by command.
func curlPage(t *testing.T) map[string]string {
	t.Helper()
	page := map[string]string{}
	for line := range strings.Lines(string(readFile(t, "../docs/curl.md"))) {
		if row, ok := strings.CutPrefix(line, "| `"); ok {
			command, rest, _ := strings.Cut(row, "`")
			page[command] = rest
		}
	}
	if len(page) == 0 {
		t.Fatal("no table on docs/curl.md")
	}
	return page
}

// commandOf returns the command of the page that a command line is of.
func commandOf(page map[string]string, args []string) string {
	for n := 1; n <= min(2, len(args)); n++ {
		if command := strings.Join(args[:n], " "); page[command] != "" {
			return command
		}
	}
	return ""
}

// TestCurlSocket does so for one command through a socket, with a name that the shell and curl could take for more.
func TestCurlSocket(t *testing.T) {
	parallel(t, script.TurnUsual)
	requireOrSkip(t, need.Curl, need.Program("curl"))
	bin, err := engine.Refs.Build(t.Context(), "3.7")
	if err != nil {
		t.Fatal(err)
	}
	c := startCluster(t, cluster.Options{Bin: bin, Dir: t.TempDir()})
	dir, err := os.MkdirTemp("", "curl it's $HOME:*") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "e.sock")
	relayTo(t, file, c.Members[0].Endpoint)
	g := newGateway(t, c)
	g.env = append(g.env, "ETCDCTL_ENDPOINTS=unix://"+file)
	g.check(t, gatewayCase{before: []string{"del it's"}, line: "put it's \"\x01\xff\"\\ --prev-kv"})
}

// TestCurlCertFiles does so with files whose names curl would take for a certificate and its password.
func TestCurlCertFiles(t *testing.T) {
	parallel(t, script.TurnUsual)
	requireOrSkip(t, need.Curl, need.Program("curl"))
	bin, err := engine.Refs.Build(t.Context(), "3.7")
	if err != nil {
		t.Fatal(err)
	}
	c := startCluster(t, cluster.Options{Bin: bin, Dir: t.TempDir(), ClientCertAuth: true})
	g := newGateway(t, c)
	odd := filepath.Join(t.TempDir(), `it's a:b\:c`)
	for variable, name := range map[string]string{"ETCDCTL_CACERT": "ca.crt", "ETCDCTL_CERT": "client.crt", "ETCDCTL_KEY": "client.key"} {
		if err := os.WriteFile(odd+name, readFile(t, filepath.Join(c.Certs(), name)), 0o600); err != nil {
			t.Fatal(err)
		}
		g.env = append(g.env, variable+"="+odd+name)
	}
	g.check(t, gatewayCase{line: "put a b"})
}
