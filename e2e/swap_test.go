package e2e

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"etcdkit/e2e/cluster"
)

// TestMemberSwap replaces a member whose disk is lost, with interruptions, and starts the new one by the command that is
// printed.
func TestMemberSwap(t *testing.T) {
	t.Parallel()
	for _, release := range []string{"3.5", "3.6", "3.7"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			c := startCluster(t, cluster.Options{Bin: build(t, release), Dir: t.TempDir(), Members: 3})
			swap(newPatient(t, c))
		})
	}
}

func swap(p *patient) {
	p.put(p.client(), 50)
	url := p.c.Members[2].PeerURL
	p.endpoints = p.c.Members[0].Endpoint + "," + p.c.Members[1].Endpoint
	line := "etcdctl member swap m3 --peer-urls " + url
	p.refused(line+"1", "m3 is up: without it 2 of 2 voting members must be up, and no other may fail; now 1 may: stop it if it has failed, or use --add-first with peer URLs that no member has")
	p.refused("etcdctl member swap m9 --peer-urls "+url+"1", "no member is m9, and none has the peer URLs "+url+"1")
	if out := p.must(line); !strings.HasPrefix(out, "Nothing is left to do: m3 (") {
		p.Errorf("got %s", out)
	}

	p.stop("m3")
	if err := os.RemoveAll(p.c.Members[2].DataDir); err != nil {
		p.Fatal(err)
	}
	found := p.finds("member-down m3")
	if out := p.must(found[0].Command); !strings.Contains(out, "Plan for replacing ") || !strings.Contains(out, "2 of 3 voting members are up, 2 are needed") || !strings.Contains(out, "2 of 2 voting members must be up, and no other may fail") {
		p.Errorf("got %s", out)
	}
	p.finds("member-down m3") // nothing was changed
	p.refused("etcdctl member swap m3 --add-first --peer-urls "+url+"1", "m3 is down: etcd adds a member only while all others are connected")

	first := p.waits(line, os.Interrupt) // it was removed and added
	if !strings.Contains(first, "\nMember ") || !strings.Contains(first, "added as learner") || !strings.Contains(first, "removed\n") {
		p.Errorf("got %s", first)
	}
	again := p.waits(line, os.Interrupt)
	if strings.Contains(again, "removed\n") || strings.Contains(again, "added as") || !strings.Contains(again, "ETCD_INITIAL_CLUSTER=") {
		p.Errorf("got %s", again)
	}
	p.launches(again)
	if out := p.must(line); !strings.Contains(out, " promoted\n") {
		p.Errorf("got %s", out)
	}
	p.endpoints = p.c.Endpoints()
	p.must("etcdctl endpoint health --cluster")
	if out := p.must(line); !strings.HasPrefix(out, "Nothing is left to do: m3 (") {
		p.Errorf("got %s", out)
	}
	p.compare("etcdctl check consistency", 0)
}

// refused runs a command line that fails with an error that begins like this.
func (p *patient) refused(line, want string) {
	p.Helper()
	if out, errs, code := p.shell(line); code != 1 || !strings.HasPrefix(errs, "Error: "+want) || out != "" {
		p.Errorf("%s: exit %d: %s%s", line, code, out, errs)
	}
}

// waits runs a command line until it waits for the new member, and ends it by a signal.
func (p *patient) waits(line string, sig os.Signal) string {
	p.Helper()
	cmd := exec.CommandContext(p.Context(), filepath.Join(engine.Ours, "etcdctl"), strings.Fields(line)[1:]...)
	cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+p.endpoints)
	out, in := io.Pipe()
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = in, &errs
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait() // it was ended
		_ = in.Close()
	}()
	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "  $ etcd ") {
			if err := cmd.Process.Signal(sig); err != nil {
				p.Fatal(err)
			}
		}
	}
	<-done
	if !strings.Contains(text.String(), "  $ etcd ") {
		p.Fatalf("%s: %s%s", line, text.String(), errs.String())
	}
	return text.String()
}

// launches starts a server by the command in a text, which has the default client URL: the run that removed the member, and
// knew its own, was interrupted.
func (p *patient) launches(text string) {
	p.Helper()
	command := regexp.MustCompile(`(?m)^  \$ (etcd .*)$`).FindStringSubmatch(text)
	line := strings.ReplaceAll(command[1], "http://127.0.0.1:2379", p.c.Members[2].ClientURL)
	cmd := exec.CommandContext(p.Context(), "sh", "-c", "exec "+line)
	cmd.Dir = p.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+p.c.Bin()+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = cmd.Wait() })
}
