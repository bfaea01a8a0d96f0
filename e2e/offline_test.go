package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// ourUtl runs our etcdutl and returns its stdout.
func ourUtl(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdutl"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("etcdutl %s: %v: %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out)
}

// build builds the reference programs of a release.
func build(t *testing.T, line string) string {
	t.Helper()
	bin, err := engine.Refs.Build(t.Context(), line)
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// TestMigrate makes data directories of each release ones of the next, and of the one before where the cluster was told to
// go down, and starts that release on them.
func TestMigrate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ from, to, down string }{
		{"3.5", "3.6", ""}, {"3.6", "3.7", ""}, {"3.7", "3.7", ""}, {"3.6", "3.5", "3.5"}, {"3.7", "3.6", "3.6"},
	} {
		t.Run(tc.from+"-"+tc.to, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			dir := t.TempDir()
			data := filepath.Join(dir, "data")
			source := startCluster(t, cluster.Options{Bin: build(t, tc.from), Dir: filepath.Join(dir, "source"), DataDir: data, Settled: true, Args: []string{"--max-txn-ops=1000"}})
			revision := fill(t, source)
			want := contentsOf(t, source.Members[0], revision)
			if tc.down != "" {
				ourCtl(t, source.Members[0], "downgrade", "enable", tc.down)
				awaitVersion(t, source.Members[0], tc.down)
			}
			source.Stop()
			ourUtl(t, "migrate", "--data-dir", data, "--target-version", tc.to)
			c := startCluster(t, cluster.Options{Bin: build(t, tc.to), Dir: filepath.Join(dir, "on"), DataDir: data})
			sameContents(t, contentsOf(t, c.Members[0], revision), want)
		})
	}
}

// TestMigrateTwoReleases migrates a data directory from 3.5 to 3.7. A server of
// 3.7 does not start on it directly, so the migration is refused, and succeeds
// after a server of 3.6 has run as the error says.
func TestMigrateTwoReleases(t *testing.T) {
	parallel(t, script.TurnUsual)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	source := startCluster(t, cluster.Options{Bin: build(t, "3.5"), Dir: filepath.Join(dir, "3.5"), DataDir: data, Settled: true, Args: []string{"--max-txn-ops=1000"}})
	revision := fill(t, source)
	want := contentsOf(t, source.Members[0], revision)
	source.Stop()
	migrate := func(args ...string) (string, error) {
		args = append([]string{"migrate", "--data-dir", data, "--target-version", "3.7"}, args...)
		out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdutl"), args...).CombinedOutput()
		return string(out), err
	}
	out, err := migrate()
	const refusal = `cannot migrate to 3\.7 yet: the WAL holds [1-9][0-9]* requests in the form of 3\.5, which 3\.6 is the last release to read: ` +
		`migrate to 3\.6, run a server of 3\.6 with --snapshot-count=1 until it has saved a raft snapshot, and then migrate to 3\.7 \(--force migrates now\)\n`
	if err == nil || !regexp.MustCompile("^Error: "+refusal+"$").MatchString(out) {
		t.Errorf("%v: %s", err, out)
	}
	out, err = migrate("--force")
	if err != nil || !regexp.MustCompile("^Warning: forced, although: "+refusal+`Migrated \S+ from storage version 3\.5 to 3\.7\n`+
		`updated storage version\t\{"new-storage-version": "3\.7\.0"\}\n$`).MatchString(out) {
		t.Errorf("%v: %s", err, out)
	}
	if c, err := cluster.Start(t.Context(), cluster.Options{Bin: build(t, "3.7"), Dir: filepath.Join(dir, "early"), DataDir: data}); err == nil {
		c.Stop()
		t.Error("3.7 starts on it: the refusal is wrong")
	}
	ourUtl(t, "migrate", "--data-dir", data, "--target-version", "3.6")
	between := startCluster(t, cluster.Options{Bin: build(t, "3.6"), Dir: filepath.Join(dir, "3.6"), DataDir: data, Args: []string{"--snapshot-count=1"}})
	awaitVersion(t, between.Members[0], "3.6")
	between.Stop()
	if out, err := migrate(); err != nil || !strings.HasPrefix(out, "Migrated ") {
		t.Errorf("%v: %s", err, out)
	}
	c := startCluster(t, cluster.Options{Bin: build(t, "3.7"), Dir: filepath.Join(dir, "3.7"), DataDir: data})
	sameContents(t, contentsOf(t, c.Members[0], revision), want)
}

// sameContents compares the answers of two releases; 3.5 does not return the
// revision up to which it has hashed.
func sameContents(t *testing.T, got, want string) {
	t.Helper()
	revisions := regexp.MustCompile(`,"hash_revision":[0-9]+`)
	if got, want := revisions.ReplaceAllString(got, ""), revisions.ReplaceAllString(want, ""); got != want {
		t.Error(diff.Diff("before", []byte(want), "after", []byte(got)))
	}
}

// awaitVersion waits until the cluster is of a version.
func awaitVersion(t *testing.T, m *cluster.Member, version string) {
	t.Helper()
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.ClientURL+"/version", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), `"etcdcluster":"`+version) {
			return
		}
	}
}

// v2Node is a node in an answer of the v2 interface, and a line of an export.
type v2Node struct {
	Key           string   `json:"key"`
	Value         string   `json:"value"`
	Dir           bool     `json:"dir"`
	Hidden        bool     `json:"hidden"`
	Expiration    string   `json:"expiration"`
	CreatedIndex  uint64   `json:"createdIndex"`
	ModifiedIndex uint64   `json:"modifiedIndex"`
	Nodes         []v2Node `json:"nodes"`
}

func v2Call(t *testing.T, m *cluster.Member, method, key string, form url.Values) v2Node {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, m.ClientURL+"/v2/keys"+key, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	var answer struct{ Node v2Node }
	if err == nil {
		err = json.Unmarshal(b, &answer)
	}
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %v: %s", method, key, err, b)
	}
	return answer.Node
}

// fillV2 makes keys of every kind, and returns all of them in the order of their names: as the server lists them, hidden
// ones each asked for.
func fillV2(t *testing.T, m *cluster.Member) []v2Node {
	t.Helper()
	for i := range 30 {
		v2Call(t, m, "PUT", fmt.Sprintf("/dir/%d/k%02d", i%3, i), url.Values{"value": {fmt.Sprintf("value %d", i)}})
	}
	for _, c := range []struct {
		method, key string
		form        url.Values
	}{
		{"PUT", "/a", url.Values{"value": {"1"}}},
		{"PUT", "/a", url.Values{"value": {"<&> \u00e9"}, "prevValue": {"1"}}},
		{"PUT", "/dir/0/k00", url.Values{"value": {"updated"}, "prevExist": {"true"}}},
		{"PUT", "/ttl", url.Values{"value": {"t"}, "ttl": {"5000"}}},
		{"PUT", "/ttl", url.Values{"ttl": {"9000"}, "refresh": {"true"}, "prevExist": {"true"}}},
		{"PUT", "/ttldir", url.Values{"dir": {"true"}, "ttl": {"5000"}}},
		{"POST", "/queue", url.Values{"value": {"first"}}},
		{"PUT", "/gone/x", url.Values{"value": {""}}},
		{"DELETE", "/gone?recursive=true", nil},
		{"PUT", "/_hidden/x", url.Values{"value": {""}}},
		{"PUT", "/dir/_x", url.Values{"value": {"x"}}},
	} {
		v2Call(t, m, c.method, c.key, c.form)
	}
	var all []v2Node
	var add func(n v2Node)
	add = func(n v2Node) {
		n.Hidden = strings.Contains(n.Key, "/_")
		nodes := n.Nodes
		n.Nodes = nil
		if n.Key != "" {
			all = append(all, n)
		}
		for _, c := range nodes {
			add(c)
		}
	}
	for _, key := range []string{"/", "/_hidden", "/dir/_x"} {
		add(v2Call(t, m, "GET", key+"?recursive=true", nil))
	}
	slices.SortFunc(all, func(a, b v2Node) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// TestV2Offline reads the v2 tree of a stopped server, from its WAL alone and
// from a raft snapshot and the entries after it, and compares it with that
// server's answer; then a backup of it, on a server.
func TestV2Offline(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"WAL": nil, "snapshot": {"--snapshot-count=20"}} {
		t.Run(name, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			dir := t.TempDir()
			data, bin := filepath.Join(dir, "data"), build(t, "3.5")
			source := startCluster(t, cluster.Options{Bin: bin, Dir: filepath.Join(dir, "source"), DataDir: data, Args: append([]string{"--enable-v2"}, args...)})
			want := fillV2(t, source.Members[0])
			ourCtl(t, source.Members[0], "put", "v3", "too")
			source.Stop()
			snaps, err := filepath.Glob(filepath.Join(data, "member", "snap", "*.snap"))
			if err != nil || (len(snaps) > 0) != (name == "snapshot") {
				t.Fatalf("%v, %v", snaps, err)
			}
			wantV2(t, "export", ourUtl(t, "v2", "export", data), want)
			backup := filepath.Join(dir, "backup")
			ourUtl(t, "backup", "--data-dir", data, "--backup-dir", backup)
			c := startCluster(t, cluster.Options{Bin: bin, Dir: filepath.Join(dir, "on"), DataDir: backup, Args: []string{"--enable-v2", "--force-new-cluster"}})
			for _, n := range want {
				if n.Dir || strings.HasPrefix(n.Key, "/queue/") { // whose name is an index, of which a backup has fewer, as upstream's has
					continue
				}
				if got := v2Call(t, c.Members[0], "GET", n.Key, nil); got.Value != n.Value || got.Expiration != n.Expiration {
					t.Errorf("backup: got %+v, want %+v", got, n)
				}
			}
			if got := ourCtl(t, c.Members[0], "get", "v3", "--print-value-only"); got != "too\n" {
				t.Errorf("backup: v3 is %q", got)
			}
		})
	}
}

func wantV2(t *testing.T, what, lines string, want []v2Node) {
	t.Helper()
	var got []v2Node
	for line := range strings.Lines(lines) {
		var n v2Node
		decode(t, line, &n)
		got = append(got, n)
	}
	slices.SortFunc(got, func(a, b v2Node) int { return strings.Compare(a.Key, b.Key) })
	if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); a != b {
		t.Errorf("%s: got\n%s\nwant\n%s", what, a, b)
	}
}
