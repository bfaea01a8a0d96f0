package ctlv2

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"etcdkit/commands/cli"
)

// A newer name of --endpoints comes before an older one, flag or variable.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	tests := []struct {
		env, args []string
		want      string
	}{
		{nil, nil, defaultEndpoints},
		{[]string{"ETCDCTL_PEERS=p"}, nil, "p"},
		{[]string{"ETCDCTL_PEERS=p"}, []string{"-C", "c"}, "c"},
		{[]string{"ETCDCTL_ENDPOINT=e", "ETCDCTL_PEERS=p"}, []string{"--peers", "c"}, "e"},
		{[]string{"ETCDCTL_ENDPOINT=e"}, []string{"--endpoint", "f"}, "f"},
		{[]string{"ETCDCTL_ENDPOINTS=es", "ETCDCTL_ENDPOINT=e"}, []string{"--endpoint", "f"}, "es"},
		{[]string{"ETCDCTL_ENDPOINTS=es"}, []string{"--endpoints", "fs"}, "fs"},
	}
	for _, tt := range tests {
		a := &app{}
		root := NewRoot(cli.Streams{})
		root.ResetFlags()
		a.flags.addTo(root)
		if err := root.ParseFlags(tt.args); err != nil {
			t.Fatal(err)
		}
		a.flags.fromEnv(cli.Streams{Env: tt.env, Err: io.Discard}, root.PersistentFlags())
		if a.flags.endpoints != tt.want {
			t.Errorf("%q %q: %s, want %s", tt.env, tt.args, a.flags.endpoints, tt.want)
		}
	}
}

// The endpoints of the members take the place of those given, unless --no-sync
// says that they stay; the name and the password go with every request.
func TestSync(t *testing.T) {
	t.Parallel()
	value := `{"action":"get","node":{"key":"/a","value":"%s"}}`
	member := fake(t, func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		fmt.Fprintf(w, value, name+" "+password)
	})
	given := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/members" {
			fmt.Fprintf(w, `{"members":[{"id":"1","clientURLs":[%q]}]}`, member.URL)
			return
		}
		fmt.Fprintf(w, value, "given")
	})
	env := []string{"ETCDCTL_ENDPOINTS=" + given.URL, "ETCDCTL_USERNAME=u:p"}
	runner{env: env}.run(t, "get", "/a").is(t, ran{0, "u p\n", ""})
	runner{env: env, stdin: "asked\n"}.run(t, "-u", "v", "get", "/a").is(t, ran{0, "Password: \nv asked\n", ""})
	runner{env: env}.run(t, "--no-sync", "get", "/a").is(t, ran{0, "given\n", ""})
	nobody := fake(t, says(200, "application/json", `{"members":[{"id":"1"}]}`))
	runner{}.run(t, "--endpoints", nobody.URL, "get", "/a").is(t, ran{serverError, "",
		"etcd cluster has no published client endpoints.\nTry '--no-sync' if you want to access non-published client endpoints(" +
			nobody.URL + ").\nError:  client: no endpoints available\n"})
}

func TestUnknownFormat(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"set", "/a", "1"}, {"mkdir", "/a"}, {"rm", "/a"}, {"get", "/a"}, {"ls"}, {"watch", "/a"}, {"health"}, {"stats", "self"}} {
		etcdctl(t, "http://127.0.0.1:1", append([]string{"-o", "yaml"}, args...)...).is(t, ran{cli.BadFeature, "", "Unsupported output format: yaml\n"})
	}
}

// v3's data is not copied unless requested, as in upstream.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	const utility = "#!/bin/sh\nfor a; do echo \"<$a>\"; done\nexit 7\n"
	if err := os.WriteFile(filepath.Join(dir, "etcdutl"), []byte(utility), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	const deprecated = "Deprecated: use \"etcdutl backup\" instead, as is done here.\n\n"
	runner{}.run(t, "backup", "-data-dir", "d", "--backup-dir=b").is(t, ran{7,
		"<backup>\n<--backup-dir=b>\n<--data-dir=d>\n<--with-v3=false>\n<-->\n", deprecated})
	runner{}.run(t, "backup", "--wal-dir", "w", "--backup-wal-dir", "x", "--with-v3").is(t, ran{7,
		"<backup>\n<--backup-wal-dir=x>\n<--wal-dir=w>\n<--with-v3=true>\n<-->\n", deprecated})
}
