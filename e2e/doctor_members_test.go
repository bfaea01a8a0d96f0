package e2e

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"etcdkit/e2e/cluster"
)

// TestDoctorMembers takes members of a cluster away, adds some, and makes them differ.
func TestDoctorMembers(t *testing.T) {
	t.Parallel()
	c := startCluster(t, cluster.Options{Bin: build(t, "3.6"), Dir: t.TempDir(), Members: 3})
	p := newPatient(t, c)
	p.finds()

	p.stop("m3")
	p.finds("member-down m3")
	p.stop("m2")
	p.finds("no-leader m1", "member-down m2", "member-down m3")
	p.start("m2", "m3")
	p.finds()

	if err := c.Members[2].Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.finds("member-down m3")
	if err := c.Members[2].Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.finds()

	added := p.add("etcdctl member add m4 --peer-urls http://127.0.0.1:1 -w template --template '{{.member.ID}}' --hex")
	id := strings.TrimSpace(added)
	p.fix(p.finds("member-unstarted "+id, "even-members")[1:], "member remove "+id)

	p.restart("m2", "--quota-backend-bytes=4000000000")
	p.finds("quota-differs")
	p.restart("m2", "--advertise-client-urls="+c.Members[0].ClientURL)
	p.finds("wrong-member m2")
	p.restart("m2", "--name=m1")
	p.finds("duplicate-name m1")
	m2 := c.Members[1]
	m2.Bin, m2.Args = build(t, "3.7"), nil
	p.stop("m2")
	if err := c.Join("m2"); err != nil {
		t.Fatal(err)
	}
	p.finds("mixed-versions")
	m2.Bin = ""
	p.restart("m2")
	p.finds()

	p.learner()
	for i := range 6 {
		p.must("etcdctl move-leader m" + fmt.Sprint(i%2+1))
	}
	p.flags = append(p.flags, "--skip", "even-members") // m4 votes by now
	p.finds("leader-changes m1", "leader-changes m2", "leader-changes m3", "leader-changes m4")
}

// add runs a command that adds a member. Servers refuse it until all have been connected for five seconds.
func (p *patient) add(line string) string {
	p.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		out, errs, code := p.shell(line)
		if code == 0 {
			return out
		}
		if !strings.Contains(errs, "unhealthy cluster") || time.Now().After(end) {
			p.Fatalf("%s: exit %d: %s%s", line, code, out, errs)
		}
	}
}

// learner replaces the third member by a learner, which doctor's command promotes, and adds a member of another cluster
// to the endpoints.
func (p *patient) learner() {
	p.Helper()
	m, err := p.c.Reserve()
	if err != nil {
		p.Fatal(err)
	}
	p.add("etcdctl member add " + m.Name + " --learner --peer-urls " + m.PeerURL)
	if err := p.c.Join(m.Name); err != nil {
		p.Fatal(err)
	}
	p.finds("learner-ready " + m.Name)
	found, _ := p.examine()
	p.must(found[0].Command)
	p.finds("even-members")

	other := startCluster(p.T, cluster.Options{Bin: p.c.Bin(), Dir: p.TempDir()})
	usual := p.endpoints
	p.endpoints += "," + other.Members[0].Endpoint
	p.finds("wrong-cluster", "even-members")
	p.endpoints = usual
}

// TestDoctorBalancer has members behind one address: each of the others advertises an address at which the first
// answers.
func TestDoctorBalancer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := startCluster(t, cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir(), Members: 3, Args: []string{"--advertise-client-urls=http://" + l.Addr().String()}})
	go forward(l, c.Members[0].Endpoint)
	p := newPatient(t, c)
	p.finds("wrong-member m2", "wrong-member m3")
}

// forward passes connections to an address until the listener is closed.
func forward(l net.Listener, to string) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			server, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer server.Close()
			go func() { _, _ = io.Copy(server, from) }() // until the client has gone
			_, _ = io.Copy(from, server)
		}()
	}
}

// TestDoctorCertificates starts members with certificates that are not good.
func TestDoctorCertificates(t *testing.T) {
	t.Parallel()
	c := startCluster(t, cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir(), Members: 3, TLS: true})
	p := newPatient(t, c)
	p.endpoints = c.URLs()
	p.env = []string{"ETCDCTL_CACERT=" + filepath.Join(c.Certs(), "ca.crt")}
	show := func(pair string) {
		p.restart("m2", "--cert-file="+filepath.Join(c.Certs(), pair+".crt"), "--key-file="+filepath.Join(c.Certs(), pair+".key"))
	}
	p.finds()
	show(cluster.CertSoon)
	p.finds("cert-expiry m2")
	show(cluster.CertExpired)
	p.finds("cert-expiry m2", "member-down m2") // the client refuses it
	p.flags = append(p.flags, "--insecure-skip-tls-verify")
	p.finds("cert-expiry m2")
	show(cluster.CertOther)
	p.finds("cert-issuers")
	show(cluster.CertNames)
	p.finds("cert-names m2")
	show(cluster.CertServer)
	p.finds()
}

// TestDoctorData has a member with other data: it was restored from another snapshot.
func TestDoctorData(t *testing.T) {
	t.Parallel()
	bin, files := build(t, "3.6"), []string{}
	for _, value := range []string{"a", "b"} {
		source := startCluster(t, cluster.Options{Bin: bin, Dir: t.TempDir()})
		ourCtl(t, source.Members[0], "put", "k", value)
		files = append(files, filepath.Join(t.TempDir(), "snapshot"))
		ourCtl(t, source.Members[0], "snapshot", "save", files[len(files)-1])
	}
	c := startCluster(t, cluster.Options{Bin: bin, Dir: t.TempDir(), Members: 3, Prepare: func(c *cluster.Cluster) error {
		if err := restoreOne(t.Context(), c, c.Members[0], files[0]); err != nil {
			return err
		}
		if err := restoreOne(t.Context(), c, c.Members[1], files[1]); err != nil {
			return err
		}
		return restoreOne(t.Context(), c, c.Members[2], files[0])
	}})
	p := newPatient(t, c)
	found := p.finds("hashes")
	if !strings.HasPrefix(found[0].Evidence, "m1 and m3: hash ") || !strings.Contains(found[0].Evidence, "; m2: hash ") {
		t.Errorf("got %+v", found)
	}
	if out, errs, code := p.shell(found[0].Command); code != 22 || !strings.Contains(out, "m2 differs") {
		t.Errorf("%s: exit %d: %s%s", found[0].Command, code, out, errs)
	}
}

// TestDoctorV2 has a server of 3.5 with v2 content and flags that 3.6 does not have.
func TestDoctorV2(t *testing.T) {
	t.Parallel()
	c := startCluster(t, cluster.Options{Bin: build(t, "3.5"), Dir: t.TempDir(), Args: []string{"--enable-v2"}})
	p := newPatient(t, c)
	p.finds("dropped-flags m1")
	p.must("ETCDCTL_API=2 etcdctl --endpoints " + c.URLs() + " set /k v")
	p.finds("dropped-flags m1", "v2-content")

	p.flags = append(p.flags, "--upgrade-to 3.6")
	for _, f := range p.finds("dropped-flags m1", "v2-content") {
		if f.Severity != "error" {
			t.Errorf("got %+v", f)
		}
	}
	p.flags[len(p.flags)-1] = "--upgrade-to 3.7"
	if found := p.finds("dropped-flags m1", "v2-content", "upgrade-step m1"); found[0].Evidence != "3.5.33 must be upgraded to 3.6 first" {
		t.Errorf("got %+v", found)
	}
}
