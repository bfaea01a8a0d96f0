package cluster

import (
	"bufio"
	"bytes"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// network carries the traffic between members, and can cut one of them off:
// data under way then waits, as in a network that loses packets, and arrives
// when the member is reconnected.
type network struct {
	mu        sync.Mutex
	changed   *sync.Cond
	off       uint64 // id of the member that is cut off; 0: none
	listeners []net.Listener
}

func newNetwork() *network {
	n := &network{}
	n.changed = sync.NewCond(&n.mu)
	return n
}

// serve carries traffic from the others to a member, from the address that they
// know to the one that it listens on.
func (n *network) serve(m *Member) error {
	l, err := net.Listen("tcp", strings.TrimPrefix(m.PeerURL, "http://"))
	if err != nil {
		return errPortTaken
	}
	n.mu.Lock()
	n.listeners = append(n.listeners, l)
	n.mu.Unlock()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go n.carry(conn, m)
		}
	}()
	return nil
}

// fromHeader is in the first request of each connection between members.
var fromHeader = regexp.MustCompile(`(?i)\r\nX-Server-From: ([0-9a-f]+)\r\n`)

// carry carries one connection, both ways.
func (n *network) carry(conn net.Conn, to *Member) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 1<<14)
	from := uint64(0)
	for size := 1; ; size++ {
		head, err := in.Peek(size)
		if err != nil {
			return
		}
		if bytes.HasSuffix(head, []byte("\r\n\r\n")) {
			if id := fromHeader.FindSubmatch(head); id != nil {
				from, _ = strconv.ParseUint(string(id[1]), 16, 64)
			}
			break
		}
	}
	server, err := net.Dial("tcp", strings.TrimPrefix(to.listenURL, "http://"))
	if err != nil {
		return
	}
	defer server.Close()
	ends := make(chan struct{}, 2)
	copying := func(write net.Conn, read interface{ Read([]byte) (int, error) }) {
		defer func() { ends <- struct{}{} }()
		b := make([]byte, 1<<16)
		for {
			k, err := read.Read(b)
			n.wait(from, to.ID)
			if _, failed := write.Write(b[:k]); failed != nil || err != nil {
				return
			}
		}
	}
	go copying(server, in)
	go copying(conn, server)
	<-ends
}

// wait waits until neither of two members is cut off.
func (n *network) wait(a, b uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.off != 0 && (n.off == a || n.off == b) {
		n.changed.Wait()
	}
}

func (n *network) set(off uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.off = off
	n.changed.Broadcast()
}

func (n *network) close() {
	n.set(0)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.listeners {
		l.Close()
	}
}

// CutOff delays all traffic between a member and the others until Reconnect.
// The cluster was started with Options.Network.
func (c *Cluster) CutOff(m *Member) { c.net.set(m.ID) }

// Reconnect ends the effect of CutOff.
func (c *Cluster) Reconnect() { c.net.set(0) }
