package conn

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// ownFinding is an error that this package has found out itself about a server
// or an endpoint.
type ownFinding string

func (f ownFinding) Error() string { return string(f) }

const (
	errNoHTTP2     ownFinding = "the server speaks TLS but not HTTP/2"
	errSpeaksTLS   ownFinding = "the server speaks TLS, the endpoint is plain (https:// or --cacert)"
	errSpeaksPlain ownFinding = "the server speaks plain HTTP/2, the endpoint is TLS (http://)"
	errSpeaksHTTP  ownFinding = "the server speaks HTTP/1, so it is not etcd's client port"
	errNeedsCert   ownFinding = "the server requires a client certificate (--cert and --key)"
)

// transport secures each connection as the scheme of its endpoint requires, and
// records the result. It embeds the credentials of the first endpoint, which grpc
// asks for the properties of the whole client.
type transport struct {
	credentials.TransportCredentials
	conns     *connections
	tls       credentials.TransportCredentials
	plain     credentials.TransportCredentials
	byDefault security     // of endpoints without a scheme
	untrusted func() error // says more of an unknown authority, or nil; may be nil
	asked     *atomic.Bool // a server has requested a certificate, and there is none
}

// newCredentials returns the credentials for the connections of l. cfg is nil if
// no flag asks for TLS.
func newCredentials(l *connections, cfg *tls.Config, untrusted func() error) credentials.TransportCredentials {
	t := &transport{conns: l, untrusted: untrusted, plain: insecure.NewCredentials(), byDefault: plain, asked: new(atomic.Bool)}
	if cfg != nil {
		t.byDefault = encrypted
	}
	first := asFlagsSay
	for i, k := range l.all {
		if i == 0 {
			first = t.security(k)
		}
		if t.tls == nil && t.security(k) == encrypted {
			t.tls = credentials.NewTLS(t.observed(cfg))
		}
	}
	t.TransportCredentials = t.plain
	if first == encrypted {
		t.TransportCredentials = t.tls
	}
	return t
}

func (t *transport) security(k *connection) security {
	if k.security == asFlagsSay {
		return t.byDefault
	}
	return k.security
}

// observed returns a copy of cfg that also records two conditions that could
// otherwise be told from an error's text only.
func (t *transport) observed(cfg *tls.Config) *tls.Config {
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg = cfg.Clone()
	cfg.VerifyConnection = func(s tls.ConnectionState) error { // on top of the usual checks
		if s.NegotiatedProtocol != "h2" {
			return errNoHTTP2
		}
		return nil
	}
	if cfg.GetClientCertificate == nil {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			t.asked.Store(true)
			return new(tls.Certificate), nil // none, as without this function
		}
	}
	return cfg
}

// ClientHandshake implements credentials.TransportCredentials.
func (t *transport) ClientHandshake(ctx context.Context, server string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	k := t.conns.take(raw)
	creds := t.plain
	if t.security(k) == encrypted {
		creds = t.tls
		t.conns.reach(k, securing)
	}
	c, info, err := creds.ClientHandshake(ctx, server, raw)
	if err != nil {
		t.lost(k, err)
		return nil, nil, err
	}
	t.conns.reach(k, greeting)
	seen := func(b []byte, err error) { t.greeted(k, b, err) }
	return &greeted{Conn: c, seen: seen, begun: make(chan struct{})}, info, nil
}

// Clone implements credentials.TransportCredentials.
func (t *transport) Clone() credentials.TransportCredentials {
	c := *t
	return &c
}

// greeted records the first bytes from a server. With TLS 1.3 this is also the
// point at which the server rejects the client's certificate.
func (t *transport) greeted(k *connection, b []byte, err error) {
	switch {
	case err != nil:
		t.lost(k, err)
	case bytes.HasPrefix(b, []byte{0x15, 0x03}): // a TLS alert
		t.conns.lost(k, errSpeaksTLS)
	case bytes.HasPrefix(b, []byte("HTTP/")):
		t.conns.lost(k, errSpeaksHTTP)
	default:
		t.conns.reach(k, ready)
	}
}

// lost records a failure. If the server has asked for a certificate and then
// closes, that is why; if it closes before it has said anything, whether it
// speaks the other protocol is tried.
func (t *transport) lost(k *connection, err error) {
	secure := t.security(k) == encrypted
	switch {
	case t.asked.Load() && secure && (alert(err) != nil || closed(err)):
		err = errNeedsCert
	case t.untrusted != nil && secure && is[x509.UnknownAuthorityError](0, err):
		err = cmp.Or(t.untrusted(), err)
	case !closed(err):
	case secure && t.conns.speaksPlain(k.address):
		err = errSpeaksPlain
	case !secure && t.conns.speaksTLS(k.address):
		err = errSpeaksTLS
	}
	t.conns.lost(k, err)
}

// greeted is a connection whose first read is watched.
type greeted struct {
	net.Conn
	seen  func([]byte, error)
	once  sync.Once
	begun chan struct{} // closed when the first read has ended
}

func (c *greeted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.once.Do(func() {
		c.seen(b[:n], err)
		close(c.begun)
	})
	return n, err
}

// Write lets the reader see why the other end closes. A server that rejects the
// client's certificate sends an alert and closes; grpc writes first and would
// close the broken connection before the alert is read.
func (c *greeted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil && c.SetReadDeadline(time.Now().Add(time.Second)) == nil {
		<-c.begun
	}
	return n, err
}
