package ctlv2

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"etcdkit/commands/cli"
)

// everyRequest has a command line of each command that makes a request, with
// its exit code and output when the request fails.
func everyRequest() []struct {
	line   string
	code   cli.Code
	stdout string
} {
	return []struct {
		line   string
		code   cli.Code
		stdout string
	}{
		{"get /a", serverError, ""},
		{"ls", serverError, ""},
		{"set /a 1", serverError, ""},
		{"set --refresh --ttl 1 /a", serverError, ""},
		{"mk /a 1", serverError, ""},
		{"mk --in-order /a 1", serverError, ""},
		{"update /a 1", serverError, ""},
		{"mkdir /a", serverError, ""},
		{"setdir /a", serverError, ""},
		{"updatedir /a", serverError, ""},
		{"rm /a", serverError, ""},
		{"rmdir /a", serverError, ""},
		{"watch /a", serverError, ""},
		{"watch --stream /a", serverError, ""},
		{"exec-watch /a -- true", serverError, ""},
		{"copy-to-v3", serverError, ""},
		{"cluster-health", serverError, "cluster may be unhealthy: failed to list members\n"},
		{"stats leader", serverError, ""},
		{"stats store", serverError, ""},
		{"member list", cli.Failure, ""},
		{"member add x http://127.0.0.1:1", cli.Failure, ""},
		{"member update 1 http://127.0.0.1:1", cli.Failure, ""},
		{"member remove 1", cli.Failure, ""},
		{"user list", cli.Failure, ""},
		{"user get u", cli.Failure, ""},
		{"user add u:p", cli.Failure, ""},
		{"user grant --roles r u", cli.Failure, ""},
		{"role list", cli.Failure, ""},
		{"role get r", cli.Failure, ""},
		{"role add r", cli.Failure, ""},
		{"role grant --path /a --read r", cli.Failure, ""},
		{"auth enable", cli.Failure, ""},
	}
}

// Whatever server answers, the command fails with its exit code and with one
// line that names the fault.
func TestFaults(t *testing.T) {
	t.Parallel()
	loop := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://"+r.Host+r.URL.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	here := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	const page = "<html><body>Sign in</body></html>"
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   string // in the first line
	}{
		{"no v2", says(404, "text/plain; charset=utf-8", "404 page not found\n"), " has no v2 interface: etcd 3.6 and later have none"},
		{"a page", says(200, "text/html", page), " answers with a web page (200 OK), not as etcd does"},
		{"a page with an error", says(403, "text/html; charset=utf-8", page), " answers with a web page (403 Forbidden)"},
		{"a page of a gateway", says(502, "text/html", page), " answers with a web page (502 Bad Gateway)"},
		{"a redirect loop", loop, "redirects"},
		{"a redirect loop without a host", here, "redirects"},
	}
	for _, tt := range tests {
		for _, request := range everyRequest() {
			t.Run(tt.name+"/"+request.line, func(t *testing.T) {
				t.Parallel()
				got := etcdctl(t, fake(t, tt.answer).URL, strings.Fields(request.line)...)
				first, _, _ := strings.Cut(got.stderr, "\n")
				if got.code != request.code || got.stdout != request.stdout || !strings.Contains(first, tt.want) {
					t.Errorf("exit %d, %q, %q", got.code, got.stdout, got.stderr)
				}
			})
		}
	}
}

// Answers that claim to be JSON and are not, or not etcd's, fail with the exit
// code of their command, and without a panic.
func TestMalformed(t *testing.T) {
	t.Parallel()
	keys := []string{"get /a", "ls", "set /a 1", "rm /a", "copy-to-v3", "watch --stream /a"}
	others := []string{"member list", "user get u", "stats store", "stats leader"}
	tests := []struct {
		body  string
		lines []string
	}{
		{`{"node":7}`, keys},
		{"null", keys},
		{"[]", keys},
		{`"x"`, slices.Concat(keys, others)},
		{"\x00", slices.Concat(keys, others)},
		{"<", slices.Concat(keys, others)},
		{"{}{", others},
		{"{", slices.Concat(keys[:5], others)}, // a stream that breaks off is opened again
		{"", slices.Concat(keys[:5], others)},
	}
	for _, tt := range tests {
		for _, status := range []int{200, 400, 409} {
			server := fake(t, says(status, "application/json", tt.body))
			for _, line := range tt.lines {
				got := etcdctl(t, server.URL, strings.Fields(line)...)
				if got.code != serverError && got.code != cli.Failure || got.stdout != "" || strings.TrimSpace(got.stderr) == "" {
					t.Errorf("%d %q, %s: exit %d, %q, %q", status, tt.body, line, got.code, got.stdout, got.stderr)
				}
			}
		}
	}
}

// An error without a reason is no empty line.
func TestNoReason(t *testing.T) {
	t.Parallel()
	server := fake(t, says(400, "application/json", `{"message":""}`))
	etcdctl(t, server.URL, "user", "get", "u").is(t, ran{cli.Failure, "", "the server refuses the request and gives no reason\n"})
}

func TestNoNode(t *testing.T) {
	t.Parallel()
	server := fake(t, says(200, "application/json", "{}"))
	for _, line := range []string{"get /a", "ls", "set /a 1", "mk /a 1", "rm /a", "mkdir /a", "watch /a", "watch --stream /a", "exec-watch /a -- true", "copy-to-v3"} {
		etcdctl(t, server.URL, strings.Fields(line)...).is(t, ran{serverError, "",
			"Error:  the answer is JSON, but not as etcd's v2 API sends it: it has no node\n"})
	}
}

// An etcd without v2 among others does not keep a command from its work.
func TestMixed(t *testing.T) {
	t.Parallel()
	old := fake(t, says(200, "application/json", `{"action":"get","node":{"key":"/a","value":"1"}}`))
	young := fake(t, says(404, "text/plain", "404 page not found\n"))
	etcdctl(t, young.URL+","+old.URL, "get", "/a").is(t, ran{0, "1\n", ""})
	etcdctl(t, young.URL+","+young.URL, "get", "/a").is(t, ran{serverError, "",
		"Error:  " + young.URL + " has no v2 interface: etcd 3.6 and later have none, up to 3.5 it takes --enable-v2; without ETCDCTL_API=2 this program speaks v3\n"})
}
