// Package conntest is a network in memory, for tests in a bubble of
// testing/synctest. Reads from a socket keep a bubble's clock from moving; those
// from this network's connections do not.
package conntest

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"

	"etcdkit/internal/netname"

	"google.golang.org/grpc/test/bufconn"
)

// Network has listeners by their addresses. The zero value has none.
type Network struct {
	mu sync.Mutex
	at map[string]*bufconn.Listener
}

// Listen listens on an address until the listener is closed or the test ends.
func (n *Network) Listen(t testing.TB, address string) net.Listener {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at[address] != nil {
		t.Fatalf("two listeners on %s", address)
	}
	if n.at == nil {
		n.at = make(map[string]*bufconn.Listener)
	}
	l := &listener{bufconn.Listen(1 << 20), n, address}
	n.at[address] = l.Listener
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// Mute listens on an address, accepts connections and sends nothing.
func (n *Network) Mute(t testing.TB, address string) string {
	t.Helper()
	l := n.Listen(t, address)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close() //nolint:errcheck // nothing was written
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return address
}

// Dial is the Dial of cli.Streams. Without a listener the connection is
// refused.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.at[address]
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: netname.Name(address), Err: syscall.ECONNREFUSED}
	}
	c, err := l.DialContext(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c, netname.Name(address)}, nil
}

// listener gives its address back when it is closed.
type listener struct {
	*bufconn.Listener
	network *Network
	address string
}

func (l *listener) Close() error {
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	if l.network.at[l.address] == l.Listener {
		delete(l.network.at, l.address)
	}
	return l.Listener.Close()
}

// conn is a connection whose other end has the name that was dialed.
type conn struct {
	net.Conn
	remote netname.Name
}

func (c *conn) RemoteAddr() net.Addr { return c.remote }
