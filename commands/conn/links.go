package conn

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
)

// stage is how far the latest try to connect to an endpoint has come.
type stage int

const (
	idle     stage = iota // not tried
	dialling              // no connection yet
	securing              // in the TLS handshake
	greeting              // waiting for the server's first bytes
	ready
)

// link is what is known about the connection to one endpoint.
type link struct {
	endpoint
	remote string // address of the latest connection's other end
	stage  stage
	err    error // why the latest try that ended has failed
	failed stage // where err happened
}

// links follows the connections of a client. It exists because clientv3 ends a
// request that found no connection with the deadline's error and drops the
// reason.
type links struct {
	mu   sync.Mutex
	all  []*link
	open map[net.Conn]*link // dialled, not yet handed to the handshake

	changed chan struct{} // holds one for whoever follows, if anybody does
}

func newLinks(eps []string) *links {
	l := &links{open: make(map[net.Conn]*link)}
	for _, ep := range eps {
		l.all = append(l.all, &link{endpoint: parseEndpoint(ep)})
	}
	return l
}

// dial connects to an address for grpc, as its own dialer does, and takes notes.
func (l *links) dial(ctx context.Context, address string) (net.Conn, error) {
	k := l.byAddress(address)
	l.reached(k, dialling)
	// Keep-alive probes with the timing of the system, as grpc sets them.
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: -1}}
	network, addr := network(address)
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		l.lost(k, err)
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k.remote = c.RemoteAddr().String()
	l.open[c] = k
	return c, nil
}

// byAddress returns the link that grpc knows by an address. A request to an
// endpoint that is not the client's adds one.
func (l *links) byAddress(address string) *link {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.all {
		if k.address == address {
			return k
		}
	}
	k := &link{endpoint: parseEndpoint(address)}
	k.security = l.all[0].security
	l.all = append(l.all, k)
	return k
}

// take returns the link of a connection that comes to its handshake. One that
// went through a proxy was not dialled here: its server name tells.
func (l *links) take(c net.Conn, server string) *link {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.open[c]; ok {
		delete(l.open, c)
		return k
	}
	for _, k := range l.all {
		if k.server == server {
			return k
		}
	}
	return l.all[0]
}

func (l *links) reached(k *link, s stage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.stage = s
	if s == ready {
		k.err = nil
	}
	l.tell()
}

// follow returns a channel that has something in it after each change.
func (l *links) follow() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed = make(chan struct{}, 1)
	return l.changed
}

// tell says that something has changed. l is locked.
func (l *links) tell() {
	select {
	case l.changed <- struct{}{}:
	default: // said already, or nobody follows
	}
}

// ready tells whether there is a connection.
func (l *links) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.all, func(k *link) bool { return k.stage == ready })
}

// lost notes why a try has failed, unless it is because we gave it up.
func (l *links) lost(k *link, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k.err, k.failed = err, k.stage
	k.stage = idle
	l.tell()
}
