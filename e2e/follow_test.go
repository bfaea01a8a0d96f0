package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.etcd.io/bbolt"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/proc"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// followed is how often a follower is killed, on each release.
func followed() int {
	if *soak {
		return 100
	}
	return 5
}

// TestFollowKilled follows random histories on each release while they happen, on
// 3.7 with three members, which are stopped and lose the lead. The follower is
// killed at random moments, and sometimes there are two. In the end, the records
// of the increments are those of a snapshot, byte for byte, and only gaps that
// are recorded are missing.
func TestFollowKilled(t *testing.T) {
	t.Parallel()
	eachRelease(t, func(t *testing.T, r release) {
		engine.Enter(t, script.TurnLong)
		o := cluster.Options{Bin: r.bin, Dir: t.TempDir(), Args: []string{"--unsafe-no-fsync"}}
		if r.line == "3.7" {
			o.Members = 3
		}
		c := startCluster(t, o)
		h := newRandomHistory(t, c, r.line, uint64(r.number))
		h.client.SetEndpoints(strings.Split(c.Endpoints(), ",")...)
		h.lossy, h.settled = len(c.Members) > 1, true
		f := &followers{t: t, c: c, repo: filepath.Join(t.TempDir(), "repo"), random: rand.New(rand.NewPCG(uint64(r.number), 5))}
		for n := range followed() {
			running := []*proc.Process{f.start()}
			if n%4 == 2 {
				running = append(running, f.start())
			}
			f.disturb(n)
			f.change(h, time.Duration(f.random.Int64N(int64(1500*time.Millisecond))))
			for i, p := range running {
				if n%4 == 3 || i > 0 {
					f.end(p)
				} else {
					p.Kill()
				}
			}
			f.mend()
		}
		last := f.start()
		f.change(h, 200*time.Millisecond)
		file := filepath.Join(t.TempDir(), "end.db")
		ourCtl(t, c.Members[0], "snapshot", "save", file)
		end := keyBucket(t, file)
		f.await(end.revision)
		f.end(last)
		f.compare(end)
	})
}

// followers are followers of one cluster, one after the other or at once.
type followers struct {
	t      *testing.T
	c      *cluster.Cluster
	repo   string
	random *rand.Rand
	out    []*bytes.Buffer
	away   string // a member that is stopped

	awaited bool // the last follower has stored something
}

func (f *followers) start(args ...string) *proc.Process {
	f.t.Helper()
	cmd := exec.Command(refs.Path(engine.Ours, "etcdctl"), append([]string{"backup", "follow", "--repo", f.repo, "--flush", "100ms", "--full-every", "3s"}, args...)...)
	cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+f.c.Endpoints())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := proc.Start(cmd)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(p.Kill)
	f.out = append(f.out, &out)
	return p
}

// end ends a follower by a signal; it has to exit with 0.
func (f *followers) end(p *proc.Process) {
	f.t.Helper()
	if err := p.Signal(syscall.SIGTERM); err != nil {
		f.t.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(2 * time.Minute):
		f.t.Fatal("a follower does not end")
	}
	// One that has just been started may not have caught the signal.
	if code := p.State().ExitCode(); code != 0 && (f.awaited || code != -1) {
		f.t.Errorf("a follower ended with %d", code)
	}
}

// disturb does something to a cluster of three.
func (f *followers) disturb(n int) {
	if len(f.c.Members) == 1 {
		return
	}
	m := f.c.Members[1+f.random.IntN(2)]
	if n%2 == 0 {
		cmd := exec.CommandContext(f.t.Context(), refs.Path(engine.Ours, "etcdctl"), "move-leader", fmt.Sprintf("%x", m.ID))
		cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+f.c.Endpoints())
		_ = cmd.Run() // it may lead already
		return
	}
	if err := f.c.StopMember(m.Name); err != nil {
		f.t.Fatal(err)
	}
	f.away = m.Name
}

func (f *followers) mend() {
	if f.away == "" {
		return
	}
	if err := f.c.RestartMember(f.t.Context(), f.away); err != nil {
		f.t.Fatal(err)
	}
	f.away = ""
}

// change changes the cluster for a while.
func (f *followers) change(h *randomHistory, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		h.change()
	}
}

// await waits until the revision is stored.
func (f *followers) await(revision int64) {
	f.t.Helper()
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		for _, inc := range f.increments() {
			if inc.To >= revision {
				f.awaited = true
				return
			}
		}
		if time.Since(begun) > 2*time.Minute {
			f.t.Fatalf("revision %d is not stored; the followers said: %s", revision, f.said())
		}
	}
}

func (f *followers) said() string {
	var all []string
	for _, out := range f.out {
		all = append(all, out.String())
	}
	return strings.Join(all, "--\n")
}

type gap struct{ From, To int64 }

// storedIncrement is an increment as docs/backup-format.md describes it.
type storedIncrement struct {
	Line           string
	First, Last    int64
	After, To      int64
	Records        int64
	Leases         int64
	BackupRevision int64 `json:"backup_revision"`
	Gaps           []gap
	Hashes         []struct {
		Revision, CompactRevision int64
		HashKV                    uint32
	}
	Stored struct{ Size int64 }
	Parts  []struct{ Offset, Size int64 }

	data []byte
}

// increments reads all increments. One that is removed meanwhile is left out.
func (f *followers) increments() (all []storedIncrement) {
	f.t.Helper()
	files, err := filepath.Glob(filepath.Join(f.repo, "increments", "*", "*.increment"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		all = append(all, f.split(content)...)
	}
	return all
}

// split is an increment, or the parts of a merged one.
func (f *followers) split(content []byte) (all []storedIncrement) {
	f.t.Helper()
	line, data, _ := bytes.Cut(content, []byte("\n"))
	var inc storedIncrement
	if err := json.Unmarshal(line, &inc); err != nil || inc.Stored.Size != int64(len(data)) {
		f.t.Fatalf("%d bytes after %s: %v", len(data), line, err)
	}
	if len(inc.Parts) == 0 {
		inc.data = data
		return []storedIncrement{inc}
	}
	for _, p := range inc.Parts {
		all = append(all, f.split(data[p.Offset:p.Offset+p.Size])...)
	}
	return all
}

// records reads the records of an increment that is not merged.
func (f *followers) records(inc storedIncrement) map[string][]byte {
	f.t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(inc.data))
	if err != nil {
		f.t.Fatal(err)
	}
	defer z.Close()
	in := bufio.NewReader(z)
	all := map[string][]byte{}
	for range inc.Records {
		n, err := in.ReadByte()
		key := make([]byte, n)
		if err == nil {
			_, err = io.ReadFull(in, key)
		}
		size, sizeErr := binary.ReadUvarint(in)
		if err != nil || sizeErr != nil {
			f.t.Fatal(err, sizeErr)
		}
		value := make([]byte, size)
		if _, err := io.ReadFull(in, value); err != nil {
			f.t.Fatal(err)
		}
		all[string(key)] = value
	}
	if rest, err := io.ReadAll(in); err != nil || int64(len(rest)) != 32*inc.Leases {
		f.t.Fatalf("%d bytes for %d leases: %v", len(rest), inc.Leases, err)
	}
	return all
}

// bucket are the records of a database.
type bucket struct {
	records   map[string][]byte
	revision  int64
	compacted int64
}

func mainOf(key string) int64 { return int64(binary.BigEndian.Uint64([]byte(key))) } //nolint:gosec // a revision

func keyBucket(t *testing.T, file string) bucket {
	t.Helper()
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := bucket{records: map[string][]byte{}}
	if err := db.View(func(tx *bbolt.Tx) error {
		if c := tx.Bucket([]byte("meta")).Get([]byte("scheduledCompactRev")); len(c) >= 8 {
			b.compacted = mainOf(string(c))
		}
		return tx.Bucket([]byte("key")).ForEach(func(k, v []byte) error {
			b.records[string(k)] = bytes.Clone(v)
			b.revision = max(b.revision, mainOf(string(k)))
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	b.revision = max(b.revision, 1)
	return b
}

// compare holds the increments against the records at the end.
func (f *followers) compare(end bucket) {
	f.t.Helper()
	all := f.increments()
	slices.SortFunc(all, func(a, b storedIncrement) int {
		if a.Line != b.Line {
			return strings.Compare(a.Line, b.Line)
		}
		return int(a.First - b.First)
	})
	// A follower that was killed before it had removed what it has merged leaves
	// both.
	all = slices.CompactFunc(all, func(a, b storedIncrement) bool {
		return a.Line == b.Line && a.First == b.First && bytes.Equal(a.data, b.data)
	})
	covered := map[int64]bool{}
	var gaps int
	records := map[string][]byte{}
	for i, inc := range all {
		gaps += len(inc.Gaps)
		switch {
		case inc.First == 1:
		case i == 0 || all[i-1].Line != inc.Line || all[i-1].To != inc.After || all[i-1].Last+1 != inc.First:
			f.t.Errorf("increment %d of %s, after %d, follows another one", inc.First, inc.Line, inc.After)
		}
		for key, value := range f.records(inc) {
			if was, ok := records[key]; ok && !bytes.Equal(was, value) || mainOf(key) <= inc.After || mainOf(key) > inc.To {
				f.t.Errorf("record %x of increment %d of %s, revisions %d to %d", key, inc.First, inc.Line, inc.After, inc.To)
			}
			records[key] = value
		}
		for rev := inc.After + 1; rev <= inc.To; rev++ {
			covered[rev] = true
		}
	}
	for key, value := range end.records {
		if covered[mainOf(key)] && !bytes.Equal(records[key], value) {
			f.t.Errorf("record %x: %q, not %q", key, records[key], value)
		}
	}
	for key := range records {
		if _, ok := end.records[key]; !ok && mainOf(key) > end.compacted && mainOf(key) <= end.revision {
			f.t.Errorf("record %x is none of the server's", key)
		}
	}
	for rev := all[0].After + 1; rev <= end.revision; rev++ {
		if !covered[rev] && !slices.ContainsFunc(all, func(inc storedIncrement) bool {
			return slices.ContainsFunc(inc.Gaps, func(g gap) bool { return g.From < rev && rev <= g.To })
		}) {
			f.t.Errorf("revision %d is neither recorded nor in a gap", rev)
			break
		}
	}
	f.t.Logf("%d records of %d revisions, %d in the snapshot, %d parts, %d gaps", len(records), len(covered), len(end.records), len(all), gaps)
	if f.t.Failed() {
		f.t.Logf("the followers said: %s", f.said())
	}
}
