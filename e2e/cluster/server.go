package cluster

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	cmd := exec.Command(refs.Path(cmp.Or(m.Bin, c.opts.Bin), "etcd"), c.args(m)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = serverEnv()
	if m.proc, err = proc.Start(cmd); err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	return nil
}

// serverEnv is our environment without the variables that etcd would read as
// flags. Servers live for seconds and hold little data: later garbage
// collection saves a fifth of the CPU time of their start.
func serverEnv() []string {
	env := []string{"GOGC=400"}
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
		heartbeat, election = "200", "2000" // so that the leader stays when the machine is busy
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
		"--listen-peer-urls=" + cmp.Or(m.listenURL, m.PeerURL),
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
	return append(append(args, c.opts.Args...), m.Args...)
}

// waitHealthy polls until the server serves linearizable reads, knows the cluster's version and is the member we
// started rather than somebody else on the same port. That one of those ends on whom it depends is an error.
func (c *Cluster) waitHealthy(ctx context.Context, m *Member, on []*Member) error {
	probe, err := newProbe(c, m)
	if err != nil {
		return err
	}
	defer probe.close()
	for {
		for _, needed := range on {
			if !needed.proc.Alive() {
				return needed.died()
			}
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
