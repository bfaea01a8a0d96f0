package script

import (
	"flag"
	"io"
	"math"
	"net"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A proxy passes connections on to a server and lets only so many bytes of its answers through on each, or so many in a second,
// or damages one.
type proxy struct {
	listener net.Listener
	server   string
	bytes    int64
	cut      bool  // then the connection is closed; otherwise it stays, silent
	flip     bool  // then the next byte is inverted, and all that follow pass
	rate     int64 // bytes of answers in a second, of each connection; 0 is no limit

	wg     sync.WaitGroup
	mu     sync.Mutex
	conns  []net.Conn
	closed bool
}

// cmdProxy: proxy [-cluster NAME] -stall BYTES|-cut BYTES|-flip BYTES|-rate BYTES NAME sets $NAME to the address of a proxy in front of a
// cluster's first member.
func cmdProxy(ts *testscript.TestScript, st *state, args []string) {
	fs := flag.NewFlagSet("proxy", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	name := fs.String("cluster", "", "")
	stall := fs.Int64("stall", -1, "")
	cut := fs.Int64("cut", -1, "")
	flip := fs.Int64("flip", -1, "")
	rate := fs.Int64("rate", 0, "")
	ts.Check(fs.Parse(args))
	c, ok := st.clusters[*name]
	if !ok || fs.NArg() != 1 || ways(*stall >= 0, *cut >= 0, *flip >= 0, *rate > 0) != 1 {
		ts.Fatalf("usage: proxy [-cluster NAME] -stall BYTES|-cut BYTES|-flip BYTES|-rate BYTES NAME")
	}
	p := &proxy{server: c.Members[0].Endpoint, bytes: max(*stall, *cut, *flip), cut: *cut >= 0, flip: *flip >= 0, rate: *rate}
	if p.bytes < 0 {
		p.bytes = math.MaxInt64
	}
	var err error
	p.listener, err = net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	st.proxies = append(st.proxies, p)
	p.wg.Go(p.serve)
	addr := p.listener.Addr().String()
	st.setenv(ts, fs.Arg(0), addr)
	ts.Check(st.masks.add(addr, fs.Arg(0)))
}

// ways counts the options of a proxy.
func ways(all ...bool) (n int) {
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
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
		if p.rate > 0 {
			_ = server.(*net.TCPConn).SetReadBuffer(slowBuffer)
		}
		p.keep(client, server)
		p.wg.Go(func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		})
		p.wg.Go(func() {
			_, err := io.CopyN(p.slow(client), server, p.bytes)
			if err == nil && p.cut {
				_ = client.(*net.TCPConn).CloseWrite() // an end, and no reset because of data the client has sent meanwhile
				return
			}
			if err == nil && p.flip {
				err = damage(client, server)
			}
			if err != nil {
				_ = client.Close()
				return
			}
			_, _ = io.Copy(io.Discard, server) // until the client leaves
		})
	}
}

// damage inverts a byte on its way, and passes the others on.
func damage(to io.Writer, from io.Reader) error {
	var b [1]byte
	if _, err := io.ReadFull(from, b[:]); err != nil {
		return err
	}
	if _, err := to.Write([]byte{^b[0]}); err != nil {
		return err
	}
	_, err := io.Copy(to, from)
	return err
}

// slowBuffer is how many bytes of answers a slow link holds.
const slowBuffer = 16 << 10

// slow returns a writer to w that is no faster than the rate.
func (p *proxy) slow(w io.Writer) io.Writer {
	if p.rate == 0 {
		return w
	}
	return paced{w, p.rate}
}

type paced struct {
	io.Writer
	rate int64
}

// Write takes as long as the bytes do at the rate.
func (w paced) Write(b []byte) (int, error) {
	time.Sleep(time.Duration(int64(len(b)) * int64(time.Second) / w.rate))
	return w.Writer.Write(b)
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
