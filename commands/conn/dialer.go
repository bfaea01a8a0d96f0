package conn

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdkit/commands/cli"
)

// defaultUpload is the largest request that clientv3 sends unless told otherwise,
// in bytes.
const defaultUpload = 2 << 20

// Dialer makes clients for the endpoints that the flags resolved to. It may be
// used from several goroutines.
type Dialer struct {
	cfg      clientv3.Config
	proxied  bool
	failFast bool
	recorder *Recorder // nil: requests are sent
}

// Dialer resolves the flags: it looks up SRV records, reads the TLS files and
// asks for a password where one is missing. It sends nothing to etcd. Errors
// carry the exit codes of upstream.
func (f *Flags) Dialer(ctx context.Context, s cli.Streams) (*Dialer, error) {
	log := f.logger(s)
	eps, err := f.resolveEndpoints(ctx, net.DefaultResolver.LookupSRV, s.Err)
	if err != nil {
		return nil, cli.Exit(cli.Failure, err)
	}
	secure, err := f.secure()
	if err != nil {
		return nil, cli.Exit(cli.BadArgs, err)
	}
	cfg, err := f.config(eps, secure, log)
	if err != nil {
		return nil, err
	}
	if f.recorder != nil {
		f.recorder.order, f.recorder.line = eps, f.curl(cfg)
		return &Dialer{cfg: *cfg, recorder: f.recorder}, nil
	}
	who, err := f.auth(ctx, s)
	if err != nil {
		return nil, cli.Exit(cli.Failure, err)
	}
	return newDialer(s, cfg, who), nil
}

// config is what clientv3 makes of the flags for the given endpoints.
func (f *Flags) config(eps []string, secure *clientv3.SecureConfig, log *zap.Logger) (*clientv3.Config, error) {
	cfg, err := clientv3.NewClientConfig(&clientv3.ConfigSpec{
		Endpoints:          eps,
		DialTimeout:        f.dialTimeout,
		KeepAliveTime:      f.keepAliveTime,
		KeepAliveTimeout:   f.keepAliveTimeout,
		MaxCallSendMsgSize: f.maxRequestBytes,
		MaxCallRecvMsgSize: f.maxRecvBytes,
		Secure:             secure,
	}, log)
	if err != nil {
		return nil, cli.Exit(cli.BadArgs, err)
	}
	cfg.Logger = log
	return cfg, nil
}

func newDialer(s cli.Streams, cfg *clientv3.Config, who *clientv3.AuthConfig) *Dialer {
	if who != nil {
		cfg.Username, cfg.Password, cfg.Token = who.Username, who.Password, who.Token
	}
	return &Dialer{cfg: *cfg, proxied: proxied(s, cfg.Endpoints)}
}

// Endpoints returns the resolved endpoints, in the order given.
func (d *Dialer) Endpoints() []string { return slices.Clone(d.cfg.Endpoints) }

// FailFast returns a dialer whose clients give a request up as soon as it is
// known that none of the client's endpoints can be reached, instead of trying
// until the request's deadline. It is for requests that are about one endpoint,
// on a client for that endpoint.
//
// Such a request fails with context.DeadlineExceeded, the words that upstream
// has for it in the end; Client.Explain adds the cause.
func (d *Dialer) FailFast() *Dialer {
	fast := *d
	fast.failFast = true
	return &fast
}

// stranger returns a dialer whose clients log nobody in, and fail fast.
func (d *Dialer) stranger() *Dialer {
	s := d.FailFast()
	s.cfg.Username, s.cfg.Password, s.cfg.Token = "", "", ""
	return s
}

// Dial returns a client for the given endpoints, or for all of the dialer's
// where none is given. Connecting waits for the first request, except that a
// user is logged in here. Errors carry the exit codes of upstream and say their
// cause.
//
// The caller closes the client. That ctx ends after Dial has returned does not
// end the client, so that a command can clean up.
func (d *Dialer) Dial(ctx context.Context, endpoints ...string) (*Client, error) {
	cfg := d.cfg
	if len(endpoints) > 0 {
		cfg.Endpoints = endpoints
	}
	cfg.Endpoints = slices.Clone(cfg.Endpoints)
	c := &Client{links: newLinks(cfg.Endpoints), calls: &calls{failFast: d.failFast}, stranger: d.stranger(), user: cfg.Username}
	c.upload = cmp.Or(cfg.MaxCallSendMsgSize, defaultUpload)
	cfg.DialOptions = c.dialOptions(d, cfg.Endpoints)

	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cfg.Context, c.cancel = base, cancel
	stop := context.AfterFunc(ctx, cancel)
	inner, err := clientv3.New(cfg)
	if !stop() {
		if err == nil {
			_ = inner.Close() // ended already, with its context
		}
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		return nil, cli.Exit(cli.BadConnection, c.Explain(err))
	}
	c.Client = inner
	return c, nil
}

// proxied tells whether grpc reaches the endpoints through the proxy that
// HTTPS_PROXY names. It decides by the first of them, as grpc does.
func proxied(s cli.Streams, eps []string) bool {
	if len(eps) == 0 || s.Getenv("HTTPS_PROXY")+s.Getenv("https_proxy") == "" {
		return false
	}
	target := &http.Request{URL: &url.URL{Scheme: "https", Host: parseEndpoint(eps[0]).address}}
	proxy, err := http.ProxyFromEnvironment(target)
	return proxy != nil || err != nil
}
