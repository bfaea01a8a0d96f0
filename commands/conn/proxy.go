package conn

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"etcdkit/commands/cli"
	"etcdkit/internal/netname"
)

// proxy is the HTTP proxy that HTTPS_PROXY names. As in upstream's etcdctl,
// whose grpc does the same, no other variable chooses one, and whether the
// endpoints are reached through it depends on the first of them.
type proxy struct {
	url      *url.URL
	variable string
}

// findProxy returns the proxy for these endpoints, or nil for none.
func findProxy(s cli.Streams, eps []string) *proxy {
	cfg := httpproxy.Config{NoProxy: s.Getenv("NO_PROXY")}
	if cfg.NoProxy == "" {
		cfg.NoProxy = s.Getenv("no_proxy")
	}
	p := &proxy{}
	for _, p.variable = range []string{"HTTPS_PROXY", "https_proxy"} {
		if cfg.HTTPSProxy = s.Getenv(p.variable); cfg.HTTPSProxy != "" {
			break
		}
	}
	if cfg.HTTPSProxy == "" || len(eps) == 0 {
		return nil
	}
	u, err := cfg.ProxyFunc()(&url.URL{Scheme: "https", Host: parseEndpoint(eps[0]).address})
	if err != nil || u == nil {
		return nil
	}
	p.url = u
	return p
}

// serves reports whether an address is reached through the proxy.
func (p *proxy) serves(address string) bool {
	network, _ := network(address)
	return p != nil && network == "tcp"
}

// proxyError is why the proxy has not made a connection.
type proxyError struct {
	proxy *proxy
	err   error
	final bool // another try will not change it
}

func (e *proxyError) Error() string {
	return fmt.Sprintf("proxy %s (%s): %s; NO_PROXY lists hosts to reach without it", e.proxy.url.Redacted(), e.proxy.variable, words(dialling, e.err))
}

func (e *proxyError) Unwrap() error { return e.err }

// connect returns a connection to an address that the proxy has made.
func (p *proxy) connect(ctx context.Context, open opener, address string) (net.Conn, error) {
	host := p.url.Host
	if p.url.Port() == "" {
		host = net.JoinHostPort(p.url.Hostname(), map[bool]string{true: "443", false: "80"}[p.url.Scheme == "https"])
	}
	c, err := open(ctx, "tcp", host)
	if err != nil {
		return nil, &proxyError{p, err, permanent(err)}
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	c, err = p.ask(ctx, c, address)
	if !stop() && ctx.Err() != nil {
		err = ctx.Err()
	}
	return c, err
}

// ask asks the proxy on the other end of c to connect it to an address. It
// closes c if the proxy does not.
func (p *proxy) ask(ctx context.Context, c net.Conn, address string) (net.Conn, error) {
	req := (&http.Request{Method: http.MethodConnect, URL: &url.URL{Host: address}, Header: http.Header{"User-Agent": {"etcdctl"}}}).WithContext(ctx)
	if u := p.url.User; u != nil {
		password, _ := u.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	in := bufio.NewReader(c)
	err := req.Write(c)
	var resp *http.Response
	if err == nil {
		resp, err = http.ReadResponse(in, req) //nolint:bodyclose // the body is the connection
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "malformed HTTP"):
		err = &proxyError{p, errors.New("the server there is no HTTP proxy"), true}
	case err != nil:
		err = &proxyError{p, err, false}
	case resp.StatusCode != http.StatusOK:
		err = &proxyError{p, fmt.Errorf("it refuses to connect: %s", plainText(resp.Status)), resp.StatusCode/100 == 4}
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return &readFirst{c, in}, nil
}

// readFirst is a connection from which some bytes may already have been read.
type readFirst struct {
	net.Conn
	in *bufio.Reader
}

func (c *readFirst) Read(b []byte) (int, error) { return c.in.Read(b) }

// throughProxy is a connection that says which endpoint is at its end, not
// which proxy.
type throughProxy struct {
	net.Conn
	remote netname.Name
}

func (c *throughProxy) RemoteAddr() net.Addr { return c.remote }

// ExplainProxy names the proxy and its variable in the error of a request of
// net/http that a proxy has failed. Other errors are returned as they are.
func ExplainProxy(req *http.Request, err error) error {
	if op := (*net.OpError)(nil); !errors.As(err, &op) || op.Op != "proxyconnect" {
		return err
	}
	u, invalid := http.ProxyFromEnvironment(req)
	if u == nil || invalid != nil {
		return err
	}
	variable := "HTTP_PROXY"
	if req.URL.Scheme == "https" {
		variable = "HTTPS_PROXY"
	}
	return fmt.Errorf("%s through the proxy %s (%s): %w", req.URL.Host, u.Redacted(), variable, err)
}
