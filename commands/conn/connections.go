package conn

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"

	"etcdkit/commands/cli"
	"etcdkit/internal/netname"
)

// stage is the progress of the latest attempt to connect to an endpoint.
type stage int

const (
	idle     stage = iota // not tried
	dialling              // no connection yet
	securing              // in the TLS handshake
	greeting              // waiting for the server's first bytes
	ready
)

// connection is the state of the connection to one endpoint.
type connection struct {
	endpoint
	remote string // address of the latest connection's other end
	stage  stage
	err    error // why the latest try that ended has failed
	failed stage // where err happened
}

// connections follows the connections of a client. clientv3 ends a request that
// found no connection with the deadline's error and drops the reason, which is
// kept here.
type connections struct {
	proxy   *proxy // nil: none
	through opener

	mu      sync.Mutex
	all     []*connection
	open    map[net.Conn]*connection // dialed, not yet handed to the handshake
	reached bool                     // an endpoint was ready once
	changed chan struct{}            // closed at the next change
	waiting map[*func()]struct{}     // called when no endpoint can ever be reached
}

// opener opens a connection, as net.Dialer.DialContext does.
type opener func(ctx context.Context, network, address string) (net.Conn, error)

// openerOf returns the streams' opener, by default one that sends keep-alive
// probes with the timing of the system, as grpc sets them.
func openerOf(s cli.Streams) opener {
	if s.Dial != nil {
		return s.Dial
	}
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: -1}}
	return d.DialContext
}

func newConnections(eps []string) *connections {
	c := &connections{
		open:    make(map[net.Conn]*connection),
		changed: make(chan struct{}),
		waiting: make(map[*func()]struct{}),
	}
	for _, ep := range eps {
		c.all = append(c.all, &connection{endpoint: parseEndpoint(ep)})
	}
	return c
}

// dial connects to an address for grpc and records how that goes.
func (c *connections) dial(ctx context.Context, address string) (net.Conn, error) {
	k := c.byAddress(address)
	c.reach(k, dialling)
	var nc net.Conn
	err := k.unknownScheme()
	if err == nil {
		nc, err = c.connect(ctx, address)
	}
	if err != nil {
		c.lost(k, err)
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k.remote = nc.RemoteAddr().String()
	if c.proxy.serves(address) {
		k.remote = address // the other end is the proxy for every endpoint
		nc = &throughProxy{nc, netname.Name(address)}
	}
	c.open[nc] = k
	return nc, nil
}

// connect makes the connection: through the proxy, where one is set.
func (c *connections) connect(ctx context.Context, address string) (net.Conn, error) {
	if c.proxy.serves(address) {
		return c.proxy.connect(ctx, c.through, address)
	}
	network, addr := network(address)
	return c.through(ctx, network, addr)
}

// byAddress returns the connection that grpc knows by an address. A request to
// an endpoint that is not the client's adds one.
func (c *connections) byAddress(address string) *connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.all {
		if k.address == address {
			return k
		}
	}
	k := &connection{endpoint: parseEndpoint(address)}
	k.security = c.all[0].security
	c.all = append(c.all, k)
	return k
}

// take returns the entry of a connection that begins its handshake.
func (c *connections) take(nc net.Conn) *connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.open[nc]; ok {
		delete(c.open, nc)
		return k
	}
	return c.all[0]
}

// reach records that an attempt has reached a stage.
func (c *connections) reach(k *connection, s stage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k.stage = s
	if s == ready {
		k.err = nil
		c.reached = true
	}
	c.announce()
}

// lost records why a try has failed, unless the client gave it up itself.
func (c *connections) lost(k *connection, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
		return
	}
	c.mu.Lock()
	k.err, k.failed = err, k.stage
	k.stage = idle
	c.announce()
	hopeless := c.hopeless()
	var waiting []func()
	if hopeless {
		for f := range c.waiting {
			waiting = append(waiting, *f)
		}
	}
	c.mu.Unlock()
	for _, f := range waiting {
		f()
	}
}

// change returns a channel that is closed at the next change.
func (c *connections) change() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// announce notifies all who wait for a change. c is locked.
func (c *connections) announce() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// whenHopeless calls f once it is known that no endpoint can ever be reached,
// and at once if it is known already. stop ends the wait.
func (c *connections) whenHopeless(f func()) (stop func()) {
	c.mu.Lock()
	hopeless := c.hopeless()
	c.waiting[&f] = struct{}{}
	c.mu.Unlock()
	if hopeless {
		f()
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, &f)
	}
}

// areHopeless is hopeless for callers that have not locked c.
func (c *connections) areHopeless() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hopeless()
}

// hopeless reports whether every endpoint has failed for a reason that waiting
// does not change. A client that had a connection once keeps trying: then it is
// the servers that changed, and they may change again. c is locked.
func (c *connections) hopeless() bool {
	return !c.reached && !slices.ContainsFunc(c.all, func(k *connection) bool {
		return k.err == nil || k.stage == ready || !permanent(k.err)
	})
}

// ready reports whether an endpoint is connected.
func (c *connections) ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.all, func(k *connection) bool { return k.stage == ready })
}

// only returns the name of the endpoint that is connected, if it is the only one.
func (c *connections) only() (name string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, k := range c.all {
		if k.stage == ready {
			name, n = k.name, n+1
		}
	}
	return shown(name), n == 1
}

// nameOf returns the endpoint with an address as errors show it.
func (c *connections) nameOf(a net.Addr) string {
	if name := c.given(a); name != "" {
		return shown(name)
	}
	return a.String()
}

// given returns the endpoint with an address as the user wrote it, or "".
func (c *connections) given(a net.Addr) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.all {
		if k.remote == a.String() {
			return k.name
		}
	}
	return ""
}

// others reports whether an endpoint could still answer that is not at one of
// these addresses: it is connected, or its connection has not failed yet.
func (c *connections) others(tried map[string]bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.all, func(k *connection) bool {
		return (k.remote == "" || !tried[k.remote]) && (k.err == nil || k.stage == ready)
	})
}

// causes says for each endpoint why it is not connected, as given by of, each
// cause once, and returns the names of these endpoints. It is empty if one is
// connected or none was tried.
func (c *connections) causes(of func(*connection) string) (text string, endpoints []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var causes []string
	names := make(map[string][]string) // by cause
	for _, k := range c.all {
		if k.stage == ready {
			return "", nil
		}
		cause := of(k)
		if cause == "" {
			continue
		}
		if names[cause] == nil {
			causes = append(causes, cause)
		}
		names[cause] = append(names[cause], shown(k.name))
		endpoints = append(endpoints, shown(k.name))
	}
	for i, cause := range causes {
		causes[i] = strings.Join(names[cause], ", ") + ": " + cause
	}
	return strings.Join(causes, "; "), endpoints
}
