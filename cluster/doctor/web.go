package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// maxDocument bounds what is read of documents other than metrics, in bytes.
const maxDocument = 4 << 20

// page is one answer over HTTP.
type page struct {
	code       int
	header     http.Header
	sent, came time.Time
}

// browser asks one address over HTTP, on one connection, and remembers its
// certificates.
type browser struct {
	client *http.Client
	base   string
	now    func() time.Time

	mu    sync.Mutex
	chain []*x509.Certificate
	asks  bool
}

// web looks at what an address serves over HTTP.
func (g *gatherer) web(ctx context.Context, endpoint string) Web {
	b := &browser{now: g.Now}
	b.client, b.base = g.HTTP(endpoint)
	if t, ok := b.client.Transport.(*http.Transport); ok {
		t.DisableKeepAlives = false
		defer t.CloseIdleConnections()
		b.watch(t)
	}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w := Web{V2Keys: -1}
	got, err := b.get(ctx, "/metrics", func(r io.Reader) (err error) {
		w.Metrics, err = ReadMetrics(r)
		return err
	})
	b.mu.Lock()
	w.Chain, w.AsksClient = b.chain, b.asks
	b.mu.Unlock()
	switch {
	case err != nil:
		w.Err = plain(err)
		return w
	case got.code != http.StatusOK || len(w.Metrics) == 0:
		w.Metrics, w.NoStats = nil, fmt.Errorf("%s/metrics: %s", b.base, statusText(got.code))
		return w
	}
	w.Clock, w.ClockErr = got.clock()
	if g.Wants&NeedFlags != 0 {
		w.Args = b.args(ctx)
	}
	if g.Wants&NeedV2 != 0 {
		w.V2Keys = b.v2(ctx)
	}
	return w
}

func statusText(code int) string {
	if code == http.StatusOK {
		return "no metrics of etcd"
	}
	return fmt.Sprintf("%d %s", code, http.StatusText(code))
}

// plain returns err without the URL and method that net/http adds.
func plain(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if _, is := errors.AsType[*tls.CertificateVerificationError](err); is {
			return err
		}
		err = inner
	}
}

// watch notes whether the server asks for a certificate.
func (b *browser) watch(t *http.Transport) {
	cfg := t.TLSClientConfig
	if cfg == nil {
		return
	}
	answer := cfg.GetClientCertificate
	cfg.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		b.mu.Lock()
		b.asks = true
		b.mu.Unlock()
		if answer != nil {
			return answer(info)
		}
		for i := range cfg.Certificates {
			if info.SupportsCertificate(&cfg.Certificates[i]) == nil {
				return &cfg.Certificates[i], nil
			}
		}
		return new(tls.Certificate), nil
	}
}

// handshake remembers the certificates of a connection, also of one that they
// did not suit.
func (b *browser) handshake(state tls.ConnectionState, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chain = state.PeerCertificates
	if bad, is := errors.AsType[*tls.CertificateVerificationError](err); is {
		b.chain = bad.UnverifiedCertificates
	}
}

// get requests a path and passes the body to read if the answer is a success.
func (b *browser) get(ctx context.Context, path string, read func(io.Reader) error) (page, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{TLSHandshakeDone: b.handshake})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+path, nil)
	if err != nil {
		return page{}, err
	}
	p := page{sent: b.now()}
	resp, err := b.client.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	p.code, p.header, p.came = resp.StatusCode, resp.Header, b.now()
	if p.code == http.StatusOK {
		err = read(resp.Body)
	}
	return p, err
}

// clock compares the server's clock with ours: the Date header is the second in
// which the answer was sent.
func (p page) clock() (ahead, err time.Duration) {
	date, failed := http.ParseTime(p.header.Get("Date"))
	if failed != nil {
		return 0, 0
	}
	trip := p.came.Sub(p.sent)
	middle := p.sent.Add(trip / 2)
	return date.Add(time.Second / 2).Sub(middle), time.Second/2 + trip/2
}

// args returns the server's command line, which etcd publishes as a variable of
// Go's expvar, or nil.
func (b *browser) args(ctx context.Context) []string {
	var vars struct {
		Args []string `json:"cmdline"`
	}
	got, err := b.get(ctx, "/debug/vars", decode(&vars))
	if err != nil || got.code != http.StatusOK {
		return nil
	}
	return vars.Args
}

// v2 returns how many keys the root of the v2 interface has, -1 if the server
// does not serve it.
func (b *browser) v2(ctx context.Context) int {
	var root struct {
		Node struct {
			Nodes []json.RawMessage `json:"nodes"`
		} `json:"node"`
	}
	got, err := b.get(ctx, "/v2/keys/", decode(&root))
	if err != nil || got.code != http.StatusOK {
		return -1
	}
	return len(root.Node.Nodes)
}

func decode(v any) func(io.Reader) error {
	return func(r io.Reader) error { return json.NewDecoder(io.LimitReader(r, maxDocument)).Decode(v) }
}
