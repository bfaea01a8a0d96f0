package conn

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
)

// HTTP returns a client for the paths that an endpoint serves in addition to
// etcd's API, such as /metrics, and their base URL. It uses the certificates of
// the API's connections. Each request uses a new connection.
func (d *Dialer) HTTP(name string) (*http.Client, string) {
	e := parseEndpoint(name)
	transport := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			if network, file := network(e.address); network == "unix" {
				return d.open(ctx, network, file)
			}
			return d.open(ctx, "tcp", address)
		},
	}
	if d.cfg.TLS != nil {
		transport.TLSClientConfig = d.cfg.TLS.Clone()
	}
	scheme := "http"
	if e.security == encrypted || e.security == asFlagsSay && d.cfg.TLS != nil {
		scheme = "https"
	}
	host := e.server
	if network, _ := network(e.address); network == "unix" {
		transport.Proxy, host = nil, "localhost" // a socket's path is no host name
		if transport.TLSClientConfig != nil {
			transport.TLSClientConfig.ServerName = e.server
		}
	}
	return &http.Client{Transport: transport}, scheme + "://" + host
}

// health returns the response of an endpoint's /health, or "". It requires neither
// a user nor a leader.
func (d *Dialer) health(ctx context.Context, endpoint string) string {
	const most = 1 << 10 // bytes
	client, base := d.HTTP(endpoint)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/health", nil)
	if err != nil {
		return ""
	}
	resp, err := client.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(body))
}
