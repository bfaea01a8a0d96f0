package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// TestBoot saves a snapshot of an etcd of each release with our etcdctl,
// restores it with our etcdutl, and starts the same release on the result, as
// one member and as three: it must have the contents of the source, with the
// same hash.
func TestBoot(t *testing.T) {
	t.Parallel()
	eachRelease(t, func(t *testing.T, r release) {
		dir := t.TempDir()
		source := startCluster(t, cluster.Options{Bin: r.bin, Dir: filepath.Join(dir, "source"), Args: []string{"--max-txn-ops=1000"}})
		revision := fill(t, source)
		want := contentsOf(t, source.Members[0], revision)
		file := filepath.Join(dir, "snapshot.db")
		ourCtl(t, source.Members[0], "snapshot", "save", file)
		saved := readFile(t, file)
		source.Stop()
		for _, members := range []int{1, 3} {
			t.Run(strconv.Itoa(members), func(t *testing.T) {
				parallel(t, script.TurnUsual)
				c := startCluster(t, cluster.Options{
					Bin: r.bin, Dir: filepath.Join(dir, strconv.Itoa(members)), Members: members,
					Prepare: func(c *cluster.Cluster) error { return restoreAll(t.Context(), c, file) },
				})
				for _, m := range c.Members {
					if got := contentsOf(t, m, revision); got != want {
						t.Errorf("%s of %d\n%s", m.Name, members, diff.Diff("the source", []byte(want), "restored", []byte(got)))
					}
				}
				if !bytes.Equal(readFile(t, file), saved) {
					t.Error("restoring has changed the snapshot")
				}
				goesOn(t, c, revision)
			})
		}
	})
}

// release is one whose servers and programs a test uses.
type release struct {
	number int // from 0
	line   string
	bin    string // upstream's programs
}

// eachRelease runs a test for each release, side by side.
func eachRelease(t *testing.T, test func(*testing.T, release)) {
	t.Helper()
	lines, err := engine.Refs.Lines()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			bin, err := engine.Refs.Build(t.Context(), line)
			if err != nil {
				t.Fatal(err)
			}
			test(t, release{i, line, bin})
		})
	}
}

func startCluster(t *testing.T, opts cluster.Options) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// fill makes a history: changes, deletions, a compaction, leases with keys, users and roles, and values large enough that
// the file has pages of every kind. It returns the revision at the end.
func fill(t *testing.T, c *cluster.Cluster) int64 {
	t.Helper()
	m := c.Members[0]
	var txn strings.Builder
	txn.WriteString("\n")
	for i := range 1000 {
		fmt.Fprintf(&txn, "put key/%04d %s\n", i, strings.Repeat("v", i%300+1))
	}
	txn.WriteString("\n\n")
	run(t, []byte(txn.String()), m, "txn")
	run(t, bytes.Repeat([]byte("large"), 100_000), m, "put", "large")
	for i := range 20 {
		ourCtl(t, m, "put", "changed", strconv.Itoa(i))
	}
	ourCtl(t, m, "del", "key/0100", "key/0200")
	ourCtl(t, m, "compaction", "--physical", "10")
	for i, ttl := range []string{"1000", "2000"} {
		granted := strings.Fields(ourCtl(t, m, "lease", "grant", ttl))
		for k := range i + 1 {
			ourCtl(t, m, "put", fmt.Sprintf("leased/%d/%d", i, k), "x", "--lease="+granted[1])
		}
	}
	for _, args := range [][]string{
		{"user", "add", "reader", "--new-user-password=secret"},
		{"role", "add", "reader"},
		{"role", "grant-permission", "reader", "read", "key/", "--prefix"},
		{"user", "grant-role", "reader", "reader"},
	} {
		if _, err := c.Ctl(t.Context(), append(args, "--endpoints="+m.Endpoint)...); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Header struct{ Revision int64 }
	}
	decode(t, ourCtl(t, m, "get", "nosuchkey", "-w", "json"), &got)
	return got.Header.Revision
}

// restoreAll restores a snapshot as each member of a cluster that is about to start.
func restoreAll(ctx context.Context, c *cluster.Cluster, file string) error {
	for _, m := range c.Members {
		if err := restoreOne(ctx, c, m, file); err != nil {
			return err
		}
	}
	return nil
}

// restoreOne restores a snapshot as one member.
func restoreOne(ctx context.Context, c *cluster.Cluster, m *cluster.Member, file string, more ...string) error {
	args := append([]string{"snapshot", "restore", file,
		"--data-dir=" + m.DataDir, "--name=" + m.Name, "--initial-cluster=" + c.InitialCluster(),
		"--initial-cluster-token=" + c.Token(), "--initial-advertise-peer-urls=" + m.PeerURL}, more...)
	cmd := exec.CommandContext(ctx, refs.Path(engine.Ours, "etcdutl"), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("restore as %s: %w: %s", m.Name, err, out)
	}
	return nil
}

// contentsOf describes the contents of a member up to a revision, without the
// state of its cluster.
func contentsOf(t *testing.T, m *cluster.Member, revision int64) string {
	t.Helper()
	var text strings.Builder
	note := func(args ...string) string {
		out := ourCtl(t, m, args...)
		text.WriteString(withoutHeader(t, out) + "\n")
		return out
	}
	at := strconv.FormatInt(revision, 10)
	note("get", "", "--prefix", "-w", "json")
	note("get", "changed", "--rev=15", "-w", "json")
	note("endpoint", "hashkv", "--rev="+at, "-w", "json")
	var leases struct{ Leases []struct{ ID int64 } }
	decode(t, note("lease", "list", "-w", "json"), &leases)
	if len(leases.Leases) != 2 {
		t.Errorf("%d leases", len(leases.Leases))
	}
	slices.SortFunc(leases.Leases, func(a, b struct{ ID int64 }) int { return cmp.Compare(a.ID, b.ID) })
	for _, l := range leases.Leases {
		note("lease", "timetolive", strconv.FormatInt(l.ID, 16), "--keys", "-w", "json")
	}
	note("user", "get", "reader", "-w", "json")
	note("role", "get", "reader", "-w", "json")
	return text.String()
}

// withoutHeader removes from an answer the parts that differ between two
// clusters with the same content, and sorts unordered lists.
func withoutHeader(t *testing.T, text string) string {
	t.Helper()
	var v any
	decode(t, text, &v)
	if list, ok := v.([]any); ok && len(list) == 1 { // of one endpoint
		v = list[0].(map[string]any)["HashKV"]
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("not an object: %s", text)
	}
	maps.DeleteFunc(m, func(k string, _ any) bool {
		return slices.Contains([]string{"header", "cluster_id", "member_id", "revision", "raft_term", "ttl"}, k)
	})
	for _, name := range []string{"keys", "leases"} {
		if list, ok := m[name].([]any); ok {
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// goesOn checks that a restored cluster works on: it writes at the next revision, through each member, and knows itself
// by its new members.
func goesOn(t *testing.T, c *cluster.Cluster, revision int64) {
	t.Helper()
	for i, m := range c.Members {
		var put struct {
			Header struct{ Revision int64 }
		}
		decode(t, ourCtl(t, m, "put", "after", m.Name, "-w", "json"), &put)
		if want := revision + 1 + int64(i); put.Header.Revision != want {
			t.Errorf("%s writes at revision %d, want %d", m.Name, put.Header.Revision, want)
		}
	}
	var want strings.Builder
	for _, m := range c.Members {
		fmt.Fprintf(&want, "%x, started, %s, %s, %s, false\n", m.ID, m.Name, m.PeerURL, m.ClientURL)
	}
	if got := ourCtl(t, c.Members[0], "member", "list"); got != want.String() {
		t.Errorf("members\n%swant\n%s", got, want.String())
	}
}

func ourCtl(t *testing.T, m *cluster.Member, args ...string) string {
	t.Helper()
	return run(t, nil, m, args...)
}

// run runs our etcdctl on a member and returns its stdout.
func run(t *testing.T, stdin []byte, m *cluster.Member, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdctl"), args...)
	cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+m.Endpoint, "ETCDCTL_COMMAND_TIMEOUT=60s")
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("etcdctl %s: %v: %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
