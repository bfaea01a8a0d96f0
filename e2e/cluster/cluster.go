// Package cluster runs real etcd servers on free loopback ports for the end-to-end tests: one member or three, plain or
// TLS, with or without authentication. It drives binaries and speaks HTTP to them; it must not import the root module.
package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"etcdkit/e2e/proc"
)

// RootUser and RootPassword are the account of a cluster with Auth.
const (
	RootUser     = "root"
	RootPassword = "rootpw"
)

const (
	// The bounds are for a machine that is ten times slower than usual.
	startBound   = 5 * time.Minute // for one cluster to be healthy
	patience     = "60s"           // for one answer
	pollInterval = 20 * time.Millisecond
	startTries   = 5 // with new ports each time
)

// Options says which members to start, and how.
type Options struct {
	Bin            string   // directory of etcd and etcdctl of one release
	Dir            string   // where data and logs go, and certificates
	CertDir        string   // where certificates go instead, or are already: clusters may share them
	Members        int      // 1 (also for 0) or 3
	TLS            bool     // clients speak TLS
	ClientCertAuth bool     // clients need a certificate of our authority; implies TLS
	ServerCert     string   // the pair the servers show, CertServer by default
	Auth           bool     // create the root user and enable authentication; a data directory brings its own
	TwoURLs        bool     // members advertise a second client URL: the first with localhost for 127.0.0.1
	Settled        bool     // wait also until the storage version is decided (takes four seconds)
	DataDir        string   // boot a single member from this directory instead of a fresh one
	MemberName     string   // name of that member, "default" unless given
	Network        bool     // traffic between members passes through the harness, for CutOff
	Args           []string // more server flags
	// Prepare fills the members' data directories before they start. It is called again, for other members, when it turns
	// out that a port was taken.
	Prepare func(*Cluster) error
}

// Cluster is a running cluster. Its methods are for one goroutine.
type Cluster struct {
	Members []*Member
	ID      uint64 // of the cluster; 0 where the server would not say
	opts    Options
	token   string
	net     *network // nil without Options.Network
}

// Member is one server.
type Member struct {
	Name      string
	ID        uint64 // 0 where a member that came with its data directory would not say
	Endpoint  string // host:port
	ClientURL string
	SecondURL string // of Options.TwoURLs
	PeerURL   string
	DataDir   string
	LogFile   string
	Args      []string // more server flags from its next start on
	Bin       string   // directory of another release to start it from; "" for the cluster's

	listenURL string // for other members, if it is not PeerURL
	proc      *proc.Process
	joined    bool // it did not found the cluster
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
	if _, err := os.Stat(opts.certs()); opts.TLS && err != nil {
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
			c.Kill()
		}
	}()
	if opts.Prepare != nil {
		if err := opts.Prepare(c); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	if opts.Network {
		c.net = newNetwork()
		for _, m := range c.Members {
			if err := c.net.serve(m); err != nil {
				return nil, err
			}
		}
	}
	for _, m := range c.Members {
		if err := c.launch(m); err != nil {
			return nil, err
		}
	}
	for _, m := range c.Members {
		if err := c.waitHealthy(ctx, m, c.Members); err != nil {
			return nil, err
		}
	}
	if err := c.setUp(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// plan chooses ports, names and the token.
func plan(opts Options, try int) (*Cluster, error) {
	ports, err := freePorts(3 * opts.Members)
	if err != nil {
		return nil, err
	}
	c := &Cluster{opts: opts}
	peers := make([]string, 0, opts.Members)
	for i := range opts.Members {
		m := opts.member(i+1, try, ports[2*i], ports[2*i+1])
		if opts.Network {
			m.listenURL = fmt.Sprintf("http://127.0.0.1:%d", ports[2*opts.Members+i])
		}
		c.Members = append(c.Members, m)
		peers = append(peers, m.PeerURL)
	}
	if opts.DataDir != "" {
		c.Members[0].DataDir = opts.DataDir
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

// member is the nth member, on its two ports.
func (o Options) member(n, try, clientPort, peerPort int) *Member {
	scheme := "http"
	if o.TLS {
		scheme = "https"
	}
	name := fmt.Sprintf("m%d", n)
	m := &Member{
		Name:     name,
		Endpoint: fmt.Sprintf("127.0.0.1:%d", clientPort),
		PeerURL:  fmt.Sprintf("http://127.0.0.1:%d", peerPort),
		LogFile:  filepath.Join(o.Dir, fmt.Sprintf("%s-%d.log", name, try)),
		DataDir:  filepath.Join(o.Dir, fmt.Sprintf("%s-%d.etcd", name, try)),
	}
	m.ClientURL = scheme + "://" + m.Endpoint
	if o.TwoURLs {
		m.SecondURL = fmt.Sprintf("%s://localhost:%d", scheme, clientPort)
	}
	return m
}

// Stop ends every member and returns when they are gone.
func (c *Cluster) Stop() {
	for _, m := range c.Members {
		m.stop()
	}
	if c.net != nil {
		c.net.close()
	}
}

// Kill is Stop for a cluster whose data is not used afterwards: members do not
// take the time to transfer leadership.
func (c *Cluster) Kill() {
	if c.net != nil {
		c.net.close()
	}
	for _, m := range c.Members {
		if m.proc != nil {
			m.proc.Kill()
		}
	}
}

// Endpoints joins the members' endpoints with commas: host:port, and URLs if
// TLS has to be specified.
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

// URLs joins the members' client URLs with commas.
func (c *Cluster) URLs() string {
	urls := make([]string, 0, len(c.Members))
	for _, m := range c.Members {
		urls = append(urls, m.ClientURL)
	}
	return strings.Join(urls, ",")
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

// Token is the token that the members' ids are made from, and the cluster's.
func (c *Cluster) Token() string { return c.token }

// InitialCluster lists the members as etcd's flag of that name does.
func (c *Cluster) InitialCluster() string {
	all := make([]string, 0, len(c.Members))
	for _, m := range c.Members {
		all = append(all, m.Name+"="+m.PeerURL)
	}
	return strings.Join(all, ",")
}

// Reserve chooses name and ports of one more member. The servers know nothing of it yet: add it to the cluster, then Join.
func (c *Cluster) Reserve() (*Member, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	m := c.opts.member(len(c.Members)+1, 1, ports[0], ports[1])
	m.joined = true
	c.Members = append(c.Members, m)
	return m, nil
}

// Join starts the server of a member that Reserve made. It does not wait until the member is healthy, which a learner
// never is.
func (c *Cluster) Join(name string) error {
	m, err := c.Member(name)
	if err != nil {
		return err
	}
	return c.launch(m)
}

// Member finds a member by name.
func (c *Cluster) Member(name string) (*Member, error) {
	for _, m := range c.Members {
		if m.Name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no member %q", name)
}

// Signal sends a signal to a member's server.
func (m *Member) Signal(sig os.Signal) error { return m.proc.Signal(sig) }

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
		err := c.waitHealthy(ctx, m, []*Member{m})
		if err == nil || !errors.Is(err, errPortTaken) {
			return err
		}
		if err := pause(ctx); err != nil { // another process's outgoing connection may hold the port for a moment
			return err
		}
	}
}

func (o Options) certs() string { return cmp.Or(o.CertDir, filepath.Join(o.Dir, "certs")) }
