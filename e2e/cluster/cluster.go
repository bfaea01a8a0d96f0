// Package cluster runs real etcd servers on free loopback ports for the end-to-end tests: one member or three, plain or
// TLS, with or without authentication. It drives binaries and speaks HTTP to them; it must not import the root module.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"etcdkit/e2e/proc"
)

const (
	// RootUser and RootPassword are the account of a cluster with Auth.
	RootUser     = "root"
	RootPassword = "rootpw"

	startBound   = 90 * time.Second // for one cluster to be healthy, on a machine that is busy with others
	patience     = "60s"            // for one answer
	pollInterval = 20 * time.Millisecond
	startTries   = 5 // with new ports each time
)

// Options says what to start.
type Options struct {
	Bin            string   // directory of etcd and etcdctl of one release
	Dir            string   // where data, certificates and logs go
	Members        int      // 1 (also for 0) or 3
	TLS            bool     // clients speak TLS
	ClientCertAuth bool     // clients need a certificate of our authority; implies TLS
	ServerCert     string   // the pair the servers show, CertServer by default
	Auth           bool     // create the root user and enable authentication
	Settled        bool     // wait also until the storage version is decided (takes four seconds)
	DataDir        string   // boot a single member from this directory instead of a fresh one
	MemberName     string   // name of that member, "default" unless given
	Args           []string // more server flags
}

// Cluster is a running cluster. Its methods are for one goroutine.
type Cluster struct {
	Members []*Member
	ID      uint64 // of the cluster; 0 where the server would not say
	opts    Options
	token   string
}

// Member is one server.
type Member struct {
	Name      string
	ID        uint64 // 0 where a member that came with its data directory would not say
	Endpoint  string // host:port
	ClientURL string
	PeerURL   string
	LogFile   string

	dataDir string
	proc    *proc.Process
}

var errPortTaken = errors.New("a port was taken")

// Start starts a cluster and returns once every member is healthy and, with three, the first leads. The caller stops it;
// after an error nothing is left running.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	if opts.Members == 0 {
		opts.Members = 1
	}
	if opts.Members != 1 && opts.Members != 3 {
		return nil, fmt.Errorf("a cluster has 1 or 3 members, not %d", opts.Members)
	}
	if opts.DataDir != "" && opts.Members != 1 {
		return nil, errors.New("a data directory boots one member")
	}
	opts.TLS = opts.TLS || opts.ClientCertAuth || opts.ServerCert != ""
	if opts.ServerCert == "" {
		opts.ServerCert = CertServer
	}
	if err := os.MkdirAll(opts.Dir, 0o755); err != nil {
		return nil, err
	}
	if opts.TLS {
		if err := WriteCerts(opts.certs()); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		c, err := startOnce(ctx, opts, try)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, errPortTaken) || try == startTries {
			return nil, err
		}
	}
}

// startOnce is one try, with its own ports and its own directories.
func startOnce(ctx context.Context, opts Options, try int) (_ *Cluster, err error) {
	c, err := plan(opts, try)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	for _, m := range c.Members {
		if err := c.launch(m); err != nil {
			return nil, err
		}
	}
	for _, m := range c.Members {
		if err := c.waitHealthy(ctx, m); err != nil {
			return nil, err
		}
	}
	if len(c.Members) > 1 {
		if err := c.leadFirst(ctx); err != nil {
			return nil, err
		}
	}
	if opts.Auth {
		if err := c.enableAuth(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// plan chooses ports, names and the token.
func plan(opts Options, try int) (*Cluster, error) {
	ports, err := freePorts(2 * opts.Members)
	if err != nil {
		return nil, err
	}
	scheme := "http"
	if opts.TLS {
		scheme = "https"
	}
	c := &Cluster{opts: opts}
	peers := make([]string, 0, opts.Members)
	for i := range opts.Members {
		name := fmt.Sprintf("m%d", i+1)
		m := &Member{
			Name:     name,
			Endpoint: fmt.Sprintf("127.0.0.1:%d", ports[2*i]),
			PeerURL:  fmt.Sprintf("http://127.0.0.1:%d", ports[2*i+1]),
			LogFile:  filepath.Join(opts.Dir, fmt.Sprintf("%s-%d.log", name, try)),
			dataDir:  filepath.Join(opts.Dir, fmt.Sprintf("%s-%d.etcd", name, try)),
		}
		m.ClientURL = scheme + "://" + m.Endpoint
		c.Members = append(c.Members, m)
		peers = append(peers, m.PeerURL)
	}
	if opts.DataDir != "" {
		c.Members[0].dataDir = opts.DataDir
		c.Members[0].Name = "default"
		if opts.MemberName != "" {
			c.Members[0].Name = opts.MemberName
		}
		return c, nil
	}
	if c.token, err = pickToken(peers); err != nil {
		return nil, err
	}
	for _, m := range c.Members {
		m.ID = memberID(m.PeerURL, c.token)
	}
	return c, nil
}

// Stop ends every member and returns when they are gone.
func (c *Cluster) Stop() {
	for _, m := range c.Members {
		m.stop()
	}
}

// Endpoints joins the members' endpoints with commas: host:port, and URLs where TLS has to be said.
func (c *Cluster) Endpoints() string {
	eps := make([]string, 0, len(c.Members))
	for _, m := range c.Members {
		if c.opts.TLS {
			eps = append(eps, m.ClientURL)
		} else {
			eps = append(eps, m.Endpoint)
		}
	}
	return strings.Join(eps, ",")
}

// Certs is the directory of the certificates, empty without TLS.
func (c *Cluster) Certs() string {
	if !c.opts.TLS {
		return ""
	}
	return c.opts.certs()
}

// NeedsClientCert says whether the servers ask for a client certificate.
func (c *Cluster) NeedsClientCert() bool { return c.opts.ClientCertAuth }

// HasAuth says whether authentication is enabled.
func (c *Cluster) HasAuth() bool { return c.opts.Auth }

// Bin is the directory of the programs the cluster was started from.
func (c *Cluster) Bin() string { return c.opts.Bin }

// Member finds a member by name.
func (c *Cluster) Member(name string) (*Member, error) {
	for _, m := range c.Members {
		if m.Name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no member %q", name)
}

// StopMember ends one server; its data stays.
func (c *Cluster) StopMember(name string) error {
	m, err := c.Member(name)
	if err != nil {
		return err
	}
	m.stop()
	return nil
}

func (m *Member) stop() {
	if m.proc != nil {
		m.proc.Stop()
	}
}

// RestartMember starts a stopped server again on its old ports and waits until it is healthy.
func (c *Cluster) RestartMember(ctx context.Context, name string) error {
	m, err := c.Member(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	for {
		if err := c.launch(m); err != nil {
			return err
		}
		err := c.waitHealthy(ctx, m)
		if err == nil || !errors.Is(err, errPortTaken) {
			return err
		}
		if err := pause(ctx); err != nil { // somebody's outgoing connection may hold the port for a moment
			return err
		}
	}
}

func (o Options) certs() string { return filepath.Join(o.Dir, "certs") }
