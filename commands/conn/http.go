package conn

import (
	"context"
	"net"
	"net/http"
)

// HTTP returns a client for what one of the dialer's endpoints serves beside
// etcd's API, such as /metrics, and the URL that the paths are below. It is
// trusted, and shown a certificate, as the API's connections are. Each request
// has a connection of its own.
func (d *Dialer) HTTP(name string) (*http.Client, string) {
	e := parseEndpoint(name)
	transport := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			if network, file := network(e.address); network == "unix" {
				return new(net.Dialer).DialContext(ctx, network, file)
			}
			return new(net.Dialer).DialContext(ctx, "tcp", address)
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
