package script

import (
	"flag"
	"io"
	"net"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// A proxy passes connections on to a server and lets only so many bytes of its answers through on each.
type proxy struct {
	listener net.Listener
	server   string
	bytes    int64
	cut      bool // then the connection is closed; otherwise it stays, silent

	wg     sync.WaitGroup
	mu     sync.Mutex
	conns  []net.Conn
	closed bool
}

// cmdProxy: proxy [-cluster NAME] -stall BYTES|-cut BYTES NAME sets $NAME to the address of a proxy in front of a
// cluster's first member.
func cmdProxy(ts *testscript.TestScript, st *state, args []string) {
	fs := flag.NewFlagSet("proxy", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	name := fs.String("cluster", "", "")
	stall := fs.Int64("stall", -1, "")
	cut := fs.Int64("cut", -1, "")
	ts.Check(fs.Parse(args))
	c, ok := st.clusters[*name]
	if !ok || fs.NArg() != 1 || (*stall < 0) == (*cut < 0) {
		ts.Fatalf("usage: proxy [-cluster NAME] -stall BYTES|-cut BYTES NAME")
	}
	p := &proxy{server: c.Members[0].Endpoint, bytes: max(*stall, *cut), cut: *cut >= 0}
	var err error
	p.listener, err = net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	st.proxies = append(st.proxies, p)
	p.wg.Go(p.serve)
	addr := p.listener.Addr().String()
	st.setenv(ts, fs.Arg(0), addr)
	ts.Check(st.masks.add(addr, fs.Arg(0)))
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close() // as a server that is gone would
			continue
		}
		p.keep(client, server)
		p.wg.Go(func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		})
		p.wg.Go(func() {
			_, err := io.CopyN(client, server, p.bytes)
			if err != nil || p.cut {
				_ = client.Close()
				return
			}
			_, _ = io.Copy(io.Discard, server) // until the client leaves
		})
	}
}

// keep notes connections for close, or closes them where that has been.
func (p *proxy) keep(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conns...)
	for _, c := range conns {
		if p.closed {
			_ = c.Close()
		}
	}
}

// close ends the proxy and its connections.
func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
}
