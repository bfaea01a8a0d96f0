package ctl

import (
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
)

// leaves returns the commands below cmd that do something.
func leaves(cmd *cobra.Command) (all []*cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.HasSubCommands() {
			all = append(all, leaves(c)...)
		} else {
			all = append(all, c)
		}
	}
	return all
}

// nameOf returns the name of a command without that of the program.
func nameOf(cmd *cobra.Command) string {
	_, name, _ := strings.Cut(cmd.CommandPath(), " ")
	return name
}

// Every command of the tree shows its request or is refused before anything is
// dialled, whatever its arguments are.
func TestCurlTree(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var dialled atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			dialled.Add(1)
			_ = c.Close()
		}
	}()
	for _, cmd := range leaves(NewRoot(cli.Streams{})) {
		methods, reason := cmd.Annotations[curlMethods], cmd.Annotations[curlReason]
		switch {
		case cmd.Name() == "help":
			continue
		case methods != "" && reason != "":
			t.Errorf("%s both shows its request and is refused", nameOf(cmd))
		case methods == "":
			if reason == "" {
				reason = "it is not a single request"
			}
			tries := []string{"", "a", "a b"}
			if cmd.Name() == "completion" { // cobra checks its argument first
				tries = []string{"bash"}
			}
			for _, args := range tries {
				runner{endpoint: l.Addr().String()}.run(t, strings.Fields(nameOf(cmd)+" --curl "+args)...).
					is(t, ran{code: cli.BadArgs, err: `Error: --curl can't show "` + cmd.CommandPath() + `": ` + reason + "\n"})
			}
		}
		for _, args := range []string{"", "1f", "a b"} {
			runner{endpoint: l.Addr().String()}.run(t, strings.Fields(nameOf(cmd)+" --curl "+args)...)
		}
	}
	if n := dialled.Load(); n > 0 {
		t.Errorf("%d connections", n)
	}
}

// Help and completion work when the variable of --curl is set.
func TestCurlHelp(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"", "help", "help put", "put --help", "lease", "__complete put --pre"} {
		if got := (runner{env: []string{"ETCDCTL_CURL=true"}}).run(t, strings.Fields(args)...); got.code != cli.OK || got.out == "" {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q", args, got.code, got.out, got.err)
		}
	}
}

// docs/curl.md lists the commands that --curl shows. The e2e module tests each
// on real servers.
func TestCurlPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/curl.md")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `/v3/").FindAllSubmatch(page, -1) {
		got = append(got, string(m[1]))
	}
	for _, cmd := range leaves(NewRoot(cli.Streams{})) {
		if cmd.Annotations[curlMethods] != "" {
			want = append(want, nameOf(cmd))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("on the page %q\nwith a line %q", got, want)
	}
}

// Lines come in the order of the endpoints, and nothing else is said.
func TestCurlOfEachEndpoint(t *testing.T) {
	t.Parallel()
	const three = "http://h:1,https://h:2,http://h:1"
	lines := func(path, body string) string {
		return "curl -sS http://h:1" + path + " -d '" + body + "'\ncurl -sS http://h:1" + path + " -d '" + body + "'\ncurl -sS https://h:2" + path + " -d '" + body + "'\n"
	}
	for args, want := range map[string]string{
		"endpoint status":                 lines("/v3/maintenance/status", "{}"),
		"endpoint hashkv --rev 7 -w json": lines("/v3/maintenance/hashkv", `{"revision":"7"}`),
		"defrag":                          lines("/v3/maintenance/defragment", "{}"),
		"member list":                     "curl -sS http://h:1/v3/cluster/member/list -d '{\"linearizable\":true}'\n",
	} {
		runner{endpoint: three}.run(t, strings.Fields(args+" --curl")...).is(t, ran{out: want})
	}
}

func TestCurl(t *testing.T) {
	t.Parallel()
	line := func(path, body string) string { return "curl -sS http://h:1/v3/" + path + " -d '" + body + "'\n" }
	for _, tt := range []struct {
		args, in string
		want     ran
	}{
		{args: "put k", in: "it's\n", want: ran{out: line("kv/put", `{"key":"aw==","value":"aXQncwo="}`)}},
		{args: "del a b", want: ran{out: line("kv/deleterange", `{"key":"YQ==","range_end":"Yg=="}`)}}, // without a warning and its pause
		{args: "del a --prefix --dry-run", want: ran{out: line("kv/range", `{"key":"YQ==","range_end":"Yg==","limit":"10","keys_only":true}`)}},
		{args: "txn -i", in: "mod(\"a\") > \"0\"\n\nput a b\n\n\n", want: ran{
			out: line("kv/txn", `{"compare":[{"result":"GREATER","target":"MOD","key":"YQ==","mod_revision":"0"}],"success":[{"request_put":{"key":"YQ==","value":"Yg=="}}]}`),
			err: "compares:\nsuccess requests (get, put, del):\nfailure requests (get, put, del):\n"}},
		{args: "lease keep-alive 7f --once", want: ran{out: line("lease/keepalive", `{"ID":"127"}`)}},
		{args: "member add m --peer-urls http://a:1", want: ran{out: line("cluster/member/add", `{"peerURLs":["http://a:1"]}`)}},
		{args: "member remove 1f", want: ran{out: line("cluster/member/remove", `{"ID":"31"}`)}},
		{args: "move-leader 1f", want: ran{out: line("maintenance/transfer-leadership", `{"targetID":"31"}`)}},
		{args: "auth enable", want: ran{out: line("auth/enable", "{}")}},
		{args: "user add u", want: ran{out: line("auth/user/add", `{"name":"u","options":{},"password":"'"${NEW_PASSWORD:?}"'"}`)}},
		{args: "user passwd u", want: ran{out: line("auth/user/changepw", `{"name":"u","password":"'"${NEW_PASSWORD:?}"'"}`)}},
		{args: "watch k", want: ran{out: "curl -sS -N http://h:1/v3/watch -H 'Grpc-Metadata-Hasleader: true' -d '{\"create_request\":{\"key\":\"aw==\"}}'\n"}},
	} {
		runner{endpoint: "h:1", in: strings.NewReader(tt.in)}.run(t, append(strings.Fields(tt.args), "--curl")...).is(t, tt.want)
	}
	runner{endpoint: "h:1", env: []string{"ETCDCTL_CURL=true"}}.run(t, "get", "k").is(t, ran{out: line("kv/range", `{"key":"aw=="}`)})
}

func TestCurlRefuses(t *testing.T) {
	t.Parallel()
	const several, single = "it makes several requests, each by the answers to those before", "it is not a single request"
	const first = "nothing is sent with --curl, and this needs the answer to %s first"
	for args, want := range map[string]string{
		"lock l":                    single,
		"elect e p":                 single,
		"check perf":                single,
		"make-mirror h:2":           single,
		"alarm disarm":              single,
		"user get u --detail":       several,
		"endpoint health":           "it makes several requests; curl can ask an endpoint for /health",
		"snapshot save f":           "the gateway sends a snapshot in pieces, as JSON",
		"get k --stream":            "the gateway has no range stream",
		"watch -i":                  "-i starts several watches",
		"watch k -- true":           "it runs a command for each event",
		"lease keep-alive 7f":       "it makes a request again and again; --once makes one",
		"defrag --data-dir d":       "no server is asked with --data-dir",
		"member remove m":           strings.Replace(first, "%s", "MemberList", 1),
		"move-leader m":             strings.Replace(first, "%s", "Status", 1),
		"defrag --cluster":          "failed to fetch endpoints from etcd cluster member list: " + strings.Replace(first, "%s", "MemberList", 1),
		"endpoint status --cluster": "failed to fetch endpoints from etcd cluster member list: " + strings.Replace(first, "%s", "MemberList", 1),
	} {
		words := append([]string{"--curl"}, strings.Fields(args)...)
		got := runner{endpoint: "h:1"}.run(t, words...)
		command, _, _ := strings.Cut(args, " -")
		for _, cmd := range leaves(NewRoot(cli.Streams{})) {
			if strings.HasPrefix(command+" ", nameOf(cmd)+" ") {
				command = nameOf(cmd)
			}
		}
		if !strings.Contains(want, "--curl") {
			want = `--curl can't show "etcdctl ` + command + `": ` + want
		}
		got.is(t, ran{code: cli.BadArgs, err: "Error: " + want + "\n"})
	}
	// What is wrong anyway is said as without the flag.
	runner{endpoint: "h:1"}.run(t, "get", "k", "--curl", "-w", "x").is(t, runner{endpoint: "h:1"}.run(t, "get", "k", "-w", "x"))
	runner{endpoint: "h:1"}.run(t, "put", "--curl").is(t, runner{endpoint: "h:1"}.run(t, "put"))
}

// No connection is made, with a user neither, nor to look a member up.
func TestCurlSendsNothing(t *testing.T) {
	t.Parallel()
	f := memberServer().start(t)
	for _, args := range []string{"member list", "member add m --peer-urls http://a:1", "member remove 1f", "move-leader 1f", "move-leader m",
		"endpoint status", "endpoint status --cluster", "defrag", "member promote 1f", "alarm list", "auth status", "user list"} {
		etcdctl(t, append(strings.Fields(args), "--curl", "--user", "u:p", "--endpoints", f.endpoint)...)
	}
	if n := f.asked.Load(); n > 0 {
		t.Errorf("the server was asked %d times", n)
	}
}
