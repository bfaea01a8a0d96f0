package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/e2e/cluster"
)

// finding is one of doctor's, as it prints it.
type finding struct {
	Check, Severity, Evidence, Command string
	Members                            []string
}

// title is what the tests compare: the check and its members.
func (f finding) title() string {
	return strings.Join(append([]string{f.Check}, f.Members...), " ")
}

// patient is a cluster that is broken and examined again and again.
type patient struct {
	*testing.T
	c         *cluster.Cluster
	endpoints string
	env       []string
	flags     []string // of doctor
}

// newPatient returns a patient whose endpoints are all members. Checks of speed are left out: the machine may be busy.
func newPatient(t *testing.T, c *cluster.Cluster) *patient {
	t.Helper()
	return &patient{T: t, c: c, endpoints: c.Endpoints(), flags: []string{"--skip", "slow-*,failed-proposals"}}
}

// shell runs a command line as a user would type it, with our programs first in the path.
func (p *patient) shell(line string) (stdout, stderr string, code int) {
	p.Helper()
	cmd := exec.CommandContext(p.Context(), "sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+engine.Ours+string(os.PathListSeparator)+os.Getenv("PATH"), "ETCDCTL_ENDPOINTS="+p.endpoints)
	cmd.Env = append(cmd.Env, p.env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		p.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs a command line that has to succeed.
func (p *patient) must(line string) string {
	p.Helper()
	out, errs, code := p.shell(line)
	if code != 0 {
		p.Fatalf("%s: exit %d: %s%s", line, code, out, errs)
	}
	return out
}

// examine returns the findings, and what else was printed.
func (p *patient) examine() (found []finding, text string) {
	p.Helper()
	out, errs, code := p.shell("etcdctl doctor -w json " + strings.Join(p.flags, " "))
	var got struct{ Findings []finding }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		p.Fatalf("doctor: exit %d: %v: %s%s", code, err, out, errs)
	}
	want := 0
	for _, f := range got.Findings {
		want = max(want, map[string]int{"warning": 20, "error": 21}[f.Severity])
	}
	if code != want {
		p.Errorf("doctor: exit %d, want %d: %s%s", code, want, out, errs)
	}
	return got.Findings, out
}

// finds waits until doctor finds exactly what is wanted, as titles, and returns it. Members need a moment to see what
// happened to others.
func (p *patient) finds(want ...string) []finding {
	p.Helper()
	slices.Sort(want)
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		found, text := p.examine()
		var got []string
		for _, f := range found {
			got = append(got, f.title())
		}
		slices.Sort(got)
		if slices.Equal(got, want) {
			return found
		}
		if time.Now().After(end) || p.Context().Err() != nil {
			p.Fatalf("found %q, want %q\n%s", got, want, text)
		}
	}
}

// fix types the command that a finding leads to, until doctor finds nothing: some problems take several.
func (p *patient) fix(found []finding, commands ...string) {
	p.Helper()
	var typed []string
	for len(found) > 0 && len(typed) < 6 {
		typed = append(typed, strings.TrimPrefix(found[0].Command, "etcdctl "))
		p.must(found[0].Command)
		for range 200 { // a command may take effect a moment later, and one that only looks cures nothing
			found, _ = p.examine()
			if len(found) == 0 || "etcdctl "+typed[len(typed)-1] != found[0].Command && !strings.HasPrefix(found[0].Command, "etcdctl endpoint status") {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	if len(found) > 0 {
		p.Fatalf("after %q doctor still finds %+v", typed, found)
	}
	for i := range typed {
		if i >= len(commands) || !strings.HasPrefix(typed[i], commands[i]) {
			p.Errorf("typed %q, want %q", typed, commands)
			break
		}
	}
}

// client returns a client of the first member.
func (p *patient) client() *clientv3.Client { return lateClient(p.T, p.c.Members[0]) }

// restart restarts a member with more flags.
func (p *patient) restart(name string, args ...string) {
	p.Helper()
	m, err := p.c.Member(name)
	if err != nil {
		p.Fatal(err)
	}
	m.Args = args
	p.stop(name)
	p.start(name)
}

func (p *patient) stop(all ...string) {
	p.Helper()
	for _, name := range all {
		if err := p.c.StopMember(name); err != nil {
			p.Fatal(err)
		}
	}
}

func (p *patient) start(all ...string) {
	p.Helper()
	var wg sync.WaitGroup
	for _, name := range all {
		wg.Go(func() {
			if err := p.c.RestartMember(p.Context(), name); err != nil {
				p.Error(err)
			}
		})
	}
	wg.Wait()
}

// beside calls do n times, in parallel.
func (p *patient) beside(n int, do func(i int) error) {
	p.Helper()
	const workers = 32
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				if err := do(i); err != nil {
					p.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if p.Failed() {
		p.FailNow()
	}
}

// TestDoctorHealthy examines healthy clusters of each release: nothing is found.
func TestDoctorHealthy(t *testing.T) {
	t.Parallel()
	runs := 2
	if *soak {
		runs = 300
	}
	eachRelease(t, func(t *testing.T, r release) {
		for _, opts := range []cluster.Options{{}, {Members: 3, ClientCertAuth: true, Auth: true}} {
			opts.Bin, opts.Dir = r.bin, t.TempDir()
			c := startCluster(t, opts)
			p := newPatient(t, c)
			p.endpoints = c.URLs()
			if opts.Auth {
				p.env = []string{"ETCDCTL_USER=" + cluster.RootUser + ":" + cluster.RootPassword, "ETCDCTL_CACERT=" + filepath.Join(c.Certs(), "ca.crt"),
					"ETCDCTL_CERT=" + filepath.Join(c.Certs(), "client.crt"), "ETCDCTL_KEY=" + filepath.Join(c.Certs(), "client.key"), "ETCDCTL_COMMAND_TIMEOUT=60s"}
			}
			p.finds()
			if next := map[string]string{"3.5": "3.6", "3.6": "3.7"}[r.line]; next != "" {
				doctor := "etcdctl doctor -w json --upgrade-to " + next
				out, _, code := p.shell(doctor)
				for end := time.Now().Add(2 * time.Minute); code != 0 && time.Now().Before(end); out, _, code = p.shell(doctor) {
					time.Sleep(100 * time.Millisecond) // a new cluster of 3.6 raises its storage version a moment later
				}
				if code != 0 || strings.Contains(out, "etcdutl check v2store") != (next == "3.6") {
					t.Errorf("to %s: exit %d: %s", next, code, out)
				}
			}
			for range runs {
				if found, text := p.examine(); len(found) > 0 || !strings.Contains(text, `"unchecked":[]`) {
					t.Fatalf("found %s", text)
				}
			}
		}
	})
}

// TestDoctorOneMember breaks a cluster of one member in several ways, and cures it with the commands that doctor prints.
func TestDoctorOneMember(t *testing.T) {
	t.Parallel()
	c := startCluster(t, cluster.Options{Bin: build(t, "3.6"), Dir: t.TempDir()})
	p := newPatient(t, c)
	client := p.client()

	p.beside(10_001, func(i int) error {
		_, err := client.Put(t.Context(), fmt.Sprint(i%5000), "v")
		return err
	})
	p.fix(p.finds("no-compaction"), "compaction 10002")

	p.beside(1100, func(int) error {
		_, err := client.Put(t.Context(), "often", "v")
		return err
	})
	p.fix(p.finds("deep-history"), "compaction ")

	p.must("etcdctl user add root:pw && etcdctl role add root && etcdctl user grant-role root root")
	found := p.finds("auth-half")
	p.must(found[0].Command)
	p.env = []string{"ETCDCTL_USER=root:pw"}
	p.finds()
	p.must("etcdctl auth disable && etcdctl user delete root")
	p.env = nil
	p.finds()

	_, err := pb.NewMaintenanceClient(client.ActiveConnection()).Alarm(t.Context(),
		&pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, MemberID: c.Members[0].ID, Alarm: pb.AlarmType_CORRUPT})
	if err != nil {
		t.Fatal(err)
	}
	p.fix(p.finds("corrupt m1"), "alarm disarm")

	p.must("etcdctl downgrade enable 3.5")
	p.fix(p.finds("downgrade"), "downgrade cancel")

	p.restart("m1", "--experimental-compaction-batch-limit=500")
	p.finds("dropped-flags m1")
	p.restart("m1", "--advertise-client-urls="+c.Members[0].ClientURL+",http://127.0.0.1:1")
	p.finds("unreachable-urls m1")
	p.restart("m1")
	p.finds()

	repo := filepath.Join(t.TempDir(), "backups")
	p.flags = append(p.flags, "--repo", repo)
	p.fix(p.finds("old-backup"), "backup save")
	p.flags = p.flags[:2]

	p.endpoints += ",127.0.0.1:1"
	p.finds("endpoint-down")
	p.endpoints = c.Endpoints()

	p.beside(5001, func(int) error {
		_, err := client.Grant(t.Context(), 3600)
		return err
	})
	p.finds("leases")
}

// TestDoctorSpace fills a database: what doctor prints empties it.
func TestDoctorSpace(t *testing.T) {
	t.Parallel()
	const quota = 100_000_000
	c := startCluster(t, cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir(), Args: []string{fmt.Sprint("--quota-backend-bytes=", quota)}})
	p := newPatient(t, c)
	client := p.client()
	value, puts := strings.Repeat("v", 1_000_000), 0
	fill := func(percent int64) {
		for {
			status, err := client.Status(t.Context(), c.Members[0].Endpoint)
			if err != nil {
				t.Fatal(err)
			}
			if len(status.Errors) > 0 || status.DbSize*100 > quota*percent {
				return
			}
			puts++
			_, _ = client.Put(t.Context(), fmt.Sprint(puts%4), value) // the status says whether it is full
		}
	}
	compact := func() {
		p.must(fmt.Sprintf("etcdctl compaction %d --physical", puts+1))
	}
	fill(50)
	p.finds()
	compact()
	p.fix(p.finds("fragmentation m1"), "defrag --cluster --guard")

	fill(82)
	p.finds("quota m1")
	compact()
	p.fix(p.finds("quota m1", "fragmentation m1"), "defrag --cluster --guard")

	fill(200)
	found := p.finds("nospace m1")
	if found[0].Command != "etcdctl alarm recover" {
		t.Errorf("doctor prints %q", found[0].Command)
	}
	p.must(found[0].Command + " --yes") // there is no terminal to ask on
	p.finds()
	p.must("etcdctl put k v")
}
