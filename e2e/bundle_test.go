package e2e

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/script"
)

// unbundle returns the names of the entries of a bundle in order, and their texts.
func unbundle(t *testing.T, path string) (names []string, texts map[string]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	texts = make(map[string]string)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, texts
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(h.Name, "etcd-bundle/")
		names, texts[name] = append(names, name), string(text)
	}
}

// entriesOf are the entries of the bundle of a cluster of three, without logs.
func entriesOf(metrics ...string) string {
	all := []string{"README.txt", "index.json", "doctor.json", "members.json", "endpoint-status.json", "endpoint-health.json", "endpoint-hashkv.json", "alarms.json", "versions.json", "usage.json", "history.json", "leases.json"}
	return strings.Join(append(all, metrics...), " ")
}

// clean fails if a text has what is not to be passed on.
func clean(t *testing.T, texts map[string]string, forbidden ...string) {
	t.Helper()
	for name, text := range texts {
		for _, bad := range forbidden {
			if i := strings.Index(text, bad); i >= 0 {
				t.Errorf("%s has %q: ...%s...", name, bad, text[max(0, i-80):min(len(text), i+80)])
			}
		}
		if strings.HasSuffix(name, ".json") && !json.Valid([]byte(text)) {
			t.Errorf("%s is no JSON: %.200s", name, text)
		}
	}
}

// logOf starts a server that logs every request, gives it requests, and returns its log.
func logOf(t *testing.T, line string) string {
	t.Helper()
	args := []string{"--log-level=debug", "--warning-apply-duration=1ns"}
	if line == "3.5" {
		args[1] = "--experimental-warning-apply-duration=1ns"
	}
	c, err := cluster.Start(t.Context(), cluster.Options{Bin: build(t, line), Dir: t.TempDir(), Args: args})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	p := newPatient(t, c)
	for _, line := range []string{
		"etcdctl put /topsecret/keyname hiddenvalue", "etcdctl get /topsecret --prefix", `etcdctl put '/topsecret/k;{}"é two' hiddenvalue`, "etcdctl del /topsecret/keyname",
		`printf 'version("/topsecret/a") = "0"\n\nput /topsecret/a hiddenvalue\n\n\n' | etcdctl txn`, "etcdctl user add anna:annaspassword",
	} {
		p.must(line)
	}
	text, err := os.ReadFile(c.Members[0].LogFile)
	path := filepath.Join(t.TempDir(), "etcd.log")
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil || !strings.Contains(string(text), "topsecret/keyname") {
		t.Fatalf("%d bytes of log without a key: %v", len(text), err)
	}
	return path
}

// TestBundle packs secure clusters of each release: whole, with a member down, as a user with few rights, and with none
// that answers; with the log of a server that logs requests (C-632, C-633).
func TestBundle(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"3.5", "3.6", "3.7"} {
		t.Run(line, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			log := logOf(t, line)
			c, err := cluster.Start(t.Context(), cluster.Options{Bin: build(t, line), Dir: t.TempDir(), Members: 3, TLS: true, Auth: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Stop)
			p := newPatient(t, c)
			p.env = []string{"ETCDCTL_CACERT=" + filepath.Join(c.Certs(), "ca.crt"), "ETCDCTL_USER=root:rootpw", "ETCDCTL_COMMAND_TIMEOUT=1m", "ETCDCTL_DIAL_TIMEOUT=1m"}
			p.must("printf 'put /topsecret/a hiddenvalue\nput /topsecret/b/keyname hiddenvalue\nput /ann/k v\nuser add ann:annspassword\nrole add some\nrole grant-permission some read /ann/ --prefix\nuser grant-role ann some\n' | etcdctl shell")
			secrets := []string{"hiddenvalue", "rootpw", "annspassword", "annaspassword", "PRIVATE KEY"}
			names := []string{"topsecret", "topsecreu", "keyname"}
			file := filepath.Join(t.TempDir(), "b.tar.gz")

			p.must("etcdctl bundle -o " + file + " --log " + log)
			list, texts := unbundle(t, file)
			var metrics []string
			for _, m := range c.Members {
				metrics = append(metrics, fmt.Sprintf("metrics/%s-%x.txt", m.Name, m.ID))
			}
			if got, want := strings.Join(list, " "), entriesOf(append(metrics, "logs/01-etcd.log")...); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			clean(t, texts, append(names, secrets...)...)
			if !regexp.MustCompile(`"name": "/[0-9a-f]{12}/b?`).MatchString(texts["usage.json"]) || !strings.Contains(texts["versions.json"], line) {
				t.Errorf("%s\n%s", texts["usage.json"], texts["versions.json"])
			}

			p.must("etcdctl bundle --with-keys -o " + file + " --log " + log)
			_, texts = unbundle(t, file)
			clean(t, texts, secrets...)
			if !strings.Contains(texts["usage.json"], "/topsecret/b/keyname") || !strings.Contains(texts["logs/01-etcd.log"], "topsecret/keyname") {
				t.Error("no names with --with-keys")
			}

			p.stop("m3")
			for end := time.Now().Add(2 * time.Minute); ; { // until the others have a leader
				_, errs, code := p.shell("etcdctl bundle /topsecret/ -o " + file)
				list, texts = unbundle(t, file)
				if code == 0 && strings.Contains(errs, "Not read: most of m3: no answer") && slices.Contains(list, "leases.json") {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("exit %d: %s\n%s", code, errs, texts["README.txt"])
				}
			}
			if !strings.Contains(texts["README.txt"], "most of m3: no answer") || !strings.Contains(texts["doctor.json"], "member-down") {
				t.Error(texts["README.txt"])
			}
			clean(t, texts, append(names, secrets...)...)

			p.env = append(p.env, "ETCDCTL_USER=ann:annspassword")
			_, errs, code := p.shell("etcdctl bundle /topsecret/ -o " + file)
			list, texts = unbundle(t, file)
			if code != 0 || !strings.Contains(errs, "permission denied") || slices.Contains(list, "usage.json") || !slices.Contains(list, "members.json") {
				t.Errorf("exit %d: %s\n%q", code, errs, list)
			}
			clean(t, texts, append(names, secrets...)...)

			p.stop("m1", "m2")
			_, errs, code = p.shell("etcdctl bundle --dial-timeout 2s --command-timeout 2s -o " + file)
			if list, texts = unbundle(t, file); code != 1 || strings.Join(list, " ") != "README.txt index.json doctor.json" || !strings.Contains(errs, "connection refused") || !strings.Contains(texts["README.txt"], "connection refused") {
				t.Errorf("exit %d: %s\n%s", code, errs, texts["README.txt"])
			}
			clean(t, texts, append(names, secrets...)...)
		})
	}
}
