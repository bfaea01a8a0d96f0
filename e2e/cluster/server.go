package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"etcdkit/e2e/proc"
	"etcdkit/e2e/refs"
)

// launch starts a member's server.
func (c *Cluster) launch(m *Member) error {
	log, err := os.OpenFile(m.LogFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer log.Close() // the server has its own descriptor
	cmd := exec.Command(refs.Path(c.opts.Bin, "etcd"), c.args(m)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = serverEnv()
	if m.proc, err = proc.Start(cmd); err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	return nil
}

// serverEnv is our environment without what etcd would read as flags.
func serverEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "ETCD_") && !strings.HasPrefix(kv, "ETCDCTL_") {
			env = append(env, kv)
		}
	}
	return env
}

func (c *Cluster) args(m *Member) []string {
	heartbeat, election := "50", "500" // milliseconds; a single member waits for no other
	if len(c.Members) > 1 {
		heartbeat, election = "100", "2000" // so that the leader stays when the machine is busy
	}
	advertised := m.ClientURL
	if m.SecondURL != "" {
		advertised += "," + m.SecondURL
	}
	args := []string{
		"--name=" + m.Name,
		"--data-dir=" + m.DataDir,
		"--listen-client-urls=" + m.ClientURL,
		"--advertise-client-urls=" + advertised,
		"--listen-peer-urls=" + m.PeerURL,
		"--initial-advertise-peer-urls=" + m.PeerURL,
		"--heartbeat-interval=" + heartbeat,
		"--election-timeout=" + election,
		"--unsafe-no-fsync",
	}
	args = append(args, "--initial-cluster="+c.InitialCluster())
	if c.token != "" {
		args = append(args, "--initial-cluster-token="+c.token)
	}
	if m.joined {
		args = append(args, "--initial-cluster-state=existing")
	}
	if c.opts.TLS {
		certs := c.opts.certs()
		args = append(args,
			"--cert-file="+filepath.Join(certs, c.opts.ServerCert+".crt"),
			"--key-file="+filepath.Join(certs, c.opts.ServerCert+".key"))
		if c.opts.ClientCertAuth {
			args = append(args, "--client-cert-auth", "--trusted-ca-file="+filepath.Join(certs, "ca.crt"))
		}
	}
	if c.opts.Auth {
		args = append(args, "--bcrypt-cost=4") // the least there is: every command of a script logs in
	}
	return append(args, c.opts.Args...)
}

// waitHealthy polls until the server serves linearizable reads, knows the cluster's version and is the member we
// started rather than somebody else on the same port.
func (c *Cluster) waitHealthy(ctx context.Context, m *Member) error {
	probe, err := newProbe(c, m)
	if err != nil {
		return err
	}
	for {
		if !m.proc.Alive() {
			return m.died()
		}
		last := probe.healthy(ctx)
		if last == nil {
			return nil
		}
		if pause(ctx) != nil {
			return fmt.Errorf("member %s is not healthy in time: %w\n%s", m.Name, last, m.LogTail())
		}
	}
}

func (m *Member) died() error {
	tail := m.LogTail()
	if strings.Contains(tail, "address already in use") {
		return fmt.Errorf("member %s: %w", m.Name, errPortTaken)
	}
	return fmt.Errorf("member %s ended: %v\n%s", m.Name, m.proc.State(), tail)
}

// LogTail returns the end of the server's log, for a failure message.
func (m *Member) LogTail() string {
	const lines = 30
	data, err := os.ReadFile(m.LogFile)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimRight(data, "\n"), []byte("\n"))
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return fmt.Sprintf("--- end of %s\n%s\n---", filepath.Base(m.LogFile), bytes.Join(all, []byte("\n")))
}

// probe asks one server over HTTP.
type probe struct {
	client  *http.Client
	url     string
	cluster *Cluster
	member  *Member
}

func newProbe(c *Cluster, m *Member) (*probe, error) {
	tr := &http.Transport{DisableKeepAlives: true}
	if c.opts.TLS {
		cfg, err := probeTLS(c.opts.certs())
		if err != nil {
			return nil, err
		}
		tr.TLSClientConfig = cfg
	}
	return &probe{
		client:  &http.Client{Transport: tr, Timeout: 2 * time.Second},
		url:     m.ClientURL,
		cluster: c,
		member:  m,
	}, nil
}

func (p *probe) healthy(ctx context.Context) error {
	var health struct{ Health, Reason string }
	if err := p.call(ctx, http.MethodGet, "/health", &health); err != nil {
		return err
	}
	if health.Health != "true" {
		return fmt.Errorf("/health says %+v", health)
	}
	var version struct{ Etcdserver, Etcdcluster, Storage string }
	if err := p.call(ctx, http.MethodGet, "/version", &version); err != nil {
		return err
	}
	if cut := strings.Split(version.Etcdserver, "."); !strings.HasPrefix(version.Etcdcluster, cut[0]+"."+cut[1]+".") {
		return fmt.Errorf("/version says %+v", version)
	}
	if p.cluster.opts.Settled && version.Storage != "" && version.Storage != version.Etcdcluster {
		return fmt.Errorf("/version says %+v", version)
	}
	return p.identify(ctx)
}

var errRefused = errors.New("the server refuses")

// identify compares the member's id with the one it must have, or learns it.
func (p *probe) identify(ctx context.Context) error {
	var list struct {
		Header struct {
			ClusterID uint64 `json:"cluster_id,string"`
			MemberID  uint64 `json:"member_id,string"`
		}
	}
	// A server with authentication may refuse the call; whoever refuses is not a stranger's fresh server.
	if err := p.call(ctx, http.MethodPost, "/v3/cluster/member/list", &list); err != nil && !errors.Is(err, errRefused) {
		return err
	}
	if got := list.Header.MemberID; got != 0 {
		if p.member.ID != 0 && got != p.member.ID {
			return fmt.Errorf("%s is member %x, want %x", p.url, got, p.member.ID)
		}
		p.member.ID, p.cluster.ID = got, list.Header.ClusterID
	}
	return nil
}

func (p *probe) call(ctx context.Context, method, path string, into any) error {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("{}")
	}
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, body)
	if err != nil {
		return err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusBadRequest { // for a client certificate with a name, where there is authentication
		return fmt.Errorf("%s: %w: %s", path, errRefused, data)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w in %q", path, err, data)
	}
	return nil
}

// Metric returns the value of a plain counter or gauge from the member's /metrics.
func (c *Cluster) Metric(ctx context.Context, m *Member, name string) (float64, error) {
	p, err := newProbe(c, m)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("no metric %s", name)
}

// leadFirst moves the leadership to the first member, so that which one leads is the same in every fresh cluster.
func (c *Cluster) leadFirst(ctx context.Context) error {
	for {
		leader, err := c.leader(ctx)
		if err == nil && leader == c.Members[0].ID {
			return nil
		}
		for _, m := range c.Members {
			if err == nil && m.ID == leader {
				_, err = c.Ctl(ctx, "--endpoints="+m.ClientURL, "move-leader", strconv.FormatUint(c.Members[0].ID, 16))
			}
		}
		if pause(ctx) != nil {
			return fmt.Errorf("the first member does not lead in time: leader %x, %w", leader, err)
		}
	}
}

// leader asks every member and returns the id all agree on.
func (c *Cluster) leader(ctx context.Context) (uint64, error) {
	out, err := c.Ctl(ctx, "--endpoints="+c.Endpoints(), "endpoint", "status", "-w", "json")
	if err != nil {
		return 0, err
	}
	var list []struct{ Status struct{ Leader uint64 } }
	if err := json.Unmarshal(out, &list); err != nil {
		return 0, fmt.Errorf("endpoint status: %w in %q", err, out)
	}
	if len(list) != len(c.Members) {
		return 0, fmt.Errorf("status of %d members", len(list))
	}
	for _, s := range list {
		if s.Status.Leader != list[0].Status.Leader || s.Status.Leader == 0 {
			return 0, errors.New("no leader that all agree on")
		}
	}
	return list[0].Status.Leader, nil
}

func (c *Cluster) enableAuth(ctx context.Context) error {
	for _, args := range [][]string{
		{"user", "add", RootUser + ":" + RootPassword},
		{"role", "add", "root"},
		{"user", "grant-role", RootUser, "root"},
		{"auth", "enable"},
	} {
		if _, err := c.Ctl(ctx, append([]string{"--endpoints=" + c.Members[0].ClientURL}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// Ctl runs the etcdctl that belongs to the servers, with the TLS flags it needs, and returns its standard output.
func (c *Cluster) Ctl(ctx context.Context, args ...string) ([]byte, error) {
	args = append([]string{"--command-timeout=" + patience, "--dial-timeout=" + patience}, args...)
	if certs := c.Certs(); certs != "" {
		args = append([]string{
			"--insecure-skip-tls-verify",
			"--insecure-transport=false",
			"--cert=" + filepath.Join(certs, CertClient+".crt"),
			"--key=" + filepath.Join(certs, CertClient+".key"),
		}, args...)
	}
	cmd := exec.CommandContext(ctx, refs.Path(c.opts.Bin, "etcdctl"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Env = append(serverEnv(), "ETCDCTL_API=3")
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("etcdctl %s: %w: %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}

func pause(ctx context.Context) error {
	t := time.NewTimer(pollInterval)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
