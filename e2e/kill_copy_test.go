package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// TestKilledCopy kills copy-to-v3 at random moments while it writes, some of
// them twice in a row. The same command does the rest, and then v3 has the keys
// of v2, and v2 has not changed.
func TestKilledCopy(t *testing.T) {
	parallel(t, script.TurnLong)
	const keys = 1500
	v2 := startCluster(t, cluster.Options{Bin: build(t, "3.5"), Dir: t.TempDir(), Args: []string{"--enable-v2", "--unsafe-no-fsync"}}).Members[0]
	// So few operations in a transaction make many of them, and the writing slow.
	v3 := startCluster(t, cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir(), Args: []string{"--max-txn-ops=3"}}).Members[0]
	var want strings.Builder
	for i := range keys {
		key, value := fmt.Sprintf("/tree/d%d/%04d", i/500, i), fmt.Sprintf("value of %d", i)
		v2Call(t, v2, "PUT", key, url.Values{"value": {value}})
		want.WriteString(key + "\n" + value + "\n")
	}
	before := wholeV2(t, v2)
	partly := 0
	for n := range moments() {
		c := copyRun{v2: v2, v3: v3, to: fmt.Sprintf("/copy%d", n), state: filepath.Join(t.TempDir(), "state")}
		whole := strings.ReplaceAll(want.String(), "/tree/", c.to+"/tree/")
		for range n%2 + 1 {
			c.kill(t, rand.N(300*time.Millisecond))
		}
		got := run(t, nil, v3, "get", "--prefix", c.to+"/")
		checkPart(t, got, whole)
		if got != "" && got != whole {
			partly++
		}
		out, err := c.command(t).CombinedOutput()
		if err != nil || !strings.Contains(string(out), fmt.Sprintf("verified: %d equal, 0 kept, 0 different, 0 changed since, 0 expired since", keys)) {
			t.Fatalf("the next run: %v: %s", err, out)
		}
		if got := run(t, nil, v3, "get", "--prefix", c.to+"/"); got != whole {
			t.Fatalf("v3 has %q", got)
		}
		if exists(c.state) {
			t.Error("the resume file is left")
		}
	}
	if after := wholeV2(t, v2); !slices.Equal(after, before) {
		t.Errorf("v2 was written to: %v, before %v", after, before)
	}
	t.Logf("of %d copies %d were killed with some keys written and some not", moments(), partly)
}

// wholeV2 returns all that v2 shows of its keys, with the index of the last change to each.
func wholeV2(t *testing.T, m *cluster.Member) []string {
	t.Helper()
	var all []string
	var add func(n v2Node)
	add = func(n v2Node) {
		all = append(all, fmt.Sprintf("%s %v %d %d", n.Key, n.Value, n.CreatedIndex, n.ModifiedIndex))
		for _, c := range n.Nodes {
			add(c)
		}
	}
	add(v2Call(t, m, "GET", "/?recursive=true&sorted=true", nil))
	return all
}

// fenceMark is in the names of the fences that a killed run leaves until their lease ends.
const fenceMark = "\x00etcdkit-fence-"

// checkPart checks that v3 has only fences and lines that are expected at the end.
func checkPart(t *testing.T, got, whole string) {
	t.Helper()
	there := map[string]bool{}
	for line := range strings.Lines(whole) {
		there[line] = true
	}
	fence := false // the line before names one, and this is its value
	for line := range strings.Lines(got) {
		if !there[line] && !fence && !strings.Contains(line, fenceMark) {
			t.Fatalf("v3 has %q", line)
		}
		fence = strings.Contains(line, fenceMark)
	}
}

// copyRun is a copy with a resume file, to its own keys.
type copyRun struct {
	v2, v3    *cluster.Member
	to, state string
}

func (c copyRun) command(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdctl"), "--endpoints", c.v2.ClientURL, "--total-timeout", "60s",
		"copy-to-v3", "--dest", c.v3.ClientURL, "--on-conflict", "overwrite", "--dest-prefix", c.to, "--resume", c.state)
	cmd.Env = append(os.Environ(), "ETCDCTL_API=2")
	return cmd
}

// kill starts the copy, and kills it some time after it has begun to write.
func (c copyRun) kill(t *testing.T, after time.Duration) {
	t.Helper()
	cmd := c.command(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	begun := time.NewTicker(time.Millisecond)
	defer begun.Stop()
	for !exists(c.state) {
		select {
		case err := <-ended:
			t.Fatalf("ended before it could be killed: %v", err)
		case <-begun.C:
		}
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(after):
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	}
}
