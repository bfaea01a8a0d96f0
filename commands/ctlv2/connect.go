package ctlv2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
)

// longestDial bounds the time that a connection may take, as does
// --total-timeout if it is shorter.
const longestDial = 30 * time.Second

// session is the client of one command.
type session struct {
	client.Client
	tr   *checkedTransport
	user *url.Userinfo // nil without --username
}

// connect returns a session on the cluster's endpoints, which it requests from
// the cluster unless --no-sync is given. Failure to get them is an error only
// if no endpoint was reached: a server may refuse to list them and still serve
// requests.
func (a *app) connect(ctx context.Context) (*session, error) {
	s, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	if !a.flags.noSync {
		a.debugf("start to sync cluster using endpoints(%s)", strings.Join(s.Endpoints(), ","))
		limited, cancel := a.limit(ctx)
		err := s.Sync(limited)
		cancel()
		switch {
		case errors.Is(err, client.ErrNoEndpoints):
			fmt.Fprintf(cli.Visible(a.streams.Err), "etcd cluster has no published client endpoints.\n"+
				"Try '--no-sync' if you want to access non-published client endpoints(%s).\n", strings.Join(s.Endpoints(), ","))
			return nil, serverFailure(err)
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case isConnection(err):
			return nil, cli.Exit(cli.BadConnection, explain(err))
		}
		a.debugf("got endpoints(%s) after sync", strings.Join(s.Endpoints(), ","))
	}
	a.debugf("Cluster-Endpoints: %s", strings.Join(s.Endpoints(), ", "))
	return s, nil
}

// open returns a session on the endpoints given.
func (a *app) open(ctx context.Context) (*session, error) {
	tr, err := a.transport(ctx)
	if err != nil {
		return nil, bare(err)
	}
	return a.openOn(ctx, tr)
}

// openOn returns a session that sends its requests through tr.
func (a *app) openOn(ctx context.Context, tr *checkedTransport) (*session, error) {
	eps, err := a.endpoints(ctx)
	if err != nil {
		return nil, bare(err)
	}
	s := &session{tr: tr}
	cfg := client.Config{Transport: tr, Endpoints: eps, HeaderTimeoutPerRequest: a.flags.timeout}
	if name, password, given := strings.Cut(a.flags.username, ":"); name != "" || given {
		if !given {
			if password, err = a.streams.AskPassword(ctx, "Password: "); err != nil {
				return nil, bare(err)
			}
		}
		cfg.Username, cfg.Password = name, password
		s.user = url.UserPassword(name, password)
	}
	s.Client, err = client.New(cfg)
	return s, bare(err)
}

// endpoints returns the URLs that SRV records list, or else those given. One
// without a scheme, as v3 takes it, is plain HTTP.
func (a *app) endpoints(ctx context.Context) ([]string, error) {
	f := &a.flags
	eps, err := conn.Discovery{Domain: f.discoverySrv, Name: f.discoverySrvName, Insecure: f.insecureDiscovery}.Endpoints(ctx, a.streams.Err)
	if err != nil {
		return nil, err
	}
	if len(eps) == 0 {
		eps = strings.Split(f.endpoints, ",")
	}
	for i, ep := range eps {
		if !strings.Contains(ep, "://") {
			ep = "http://" + ep
		}
		u, err := url.Parse(ep)
		if err != nil {
			return nil, err
		}
		eps[i] = u.String()
	}
	return eps, nil
}

func (a *app) transport(ctx context.Context) (*checkedTransport, error) {
	f := &a.flags
	info := transport.TLSInfo{CertFile: f.certFile, KeyFile: f.keyFile, TrustedCAFile: f.caFile}
	if !f.insecureDiscovery {
		info.ServerName = f.discoverySrv
	}
	dial := longestDial
	if f.totalTimeout != 0 && f.totalTimeout < dial {
		dial = f.totalTimeout
	}
	key := conn.ClientKey{Cert: f.certFile, Key: f.keyFile, PasswordFile: f.keyPasswordFile, KeyFlag: "--key-file", PasswordFlag: "--key-password-file"}
	var pair *tls.Certificate
	if f.certFile != "" && key.Encrypted() {
		var err error
		if pair, err = key.Load(ctx, a.streams); err != nil {
			return nil, err
		}
		info.CertFile, info.KeyFile = "", ""
	}
	tr, err := transport.NewTransport(info, dial)
	if err != nil {
		return nil, err
	}
	if pair != nil {
		tr.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	c := &checkedTransport{Transport: tr}
	if f.debug {
		c.debug = a.streams.Err
	}
	return c, nil
}

// debugf prints a line on the error stream under --debug.
func (a *app) debugf(format string, args ...any) {
	if a.flags.debug {
		fmt.Fprintf(cli.Visible(a.streams.Err), format+"\n", args...)
	}
}

// members returns the session's endpoints in an order that repeats; the client
// shuffles them.
func (s *session) members() []string { return slices.Sorted(slices.Values(s.Endpoints())) }
