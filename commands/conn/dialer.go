package conn

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

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
	cfg        clientv3.Config
	proxy      *proxy // nil: none
	open       opener
	who        identity
	cacert     string // file
	cacertFlag string // the flag that names it
	failFast   bool
	recorder   *Recorder // nil: requests are sent
	pool       *Pool     // nil: each client is the caller's alone
	key        string    // of the pool
}

// Dialer resolves the flags: it looks up SRV records, reads the TLS files and
// asks for a missing password. It sends nothing to etcd. Errors carry the exit
// codes of upstream.
func (f *Flags) Dialer(ctx context.Context, s cli.Streams) (*Dialer, error) {
	return f.dialer(ctx, s, discoveryFirst)
}

// EndpointDialer is Dialer for a command that acts on each endpoint separately:
// endpoints that are given have precedence over the SRV records of
// --discovery-srv.
func (f *Flags) EndpointDialer(ctx context.Context, s cli.Streams) (*Dialer, error) {
	return f.dialer(ctx, s, givenFirst)
}

func (f *Flags) dialer(ctx context.Context, s cli.Streams, order precedence) (*Dialer, error) {
	if f.pool == nil || f.recorder != nil {
		return f.resolve(ctx, s, order)
	}
	return f.pool.dialer(f.poolKey(order), func() (*Dialer, error) { return f.resolve(ctx, s, order) })
}

func (f *Flags) resolve(ctx context.Context, s cli.Streams, order precedence) (*Dialer, error) {
	log := f.logger(s)
	eps, err := f.resolveEndpoints(ctx, net.DefaultResolver.LookupSRV, s.Err, order)
	if err != nil {
		return nil, cli.Exit(cli.Failure, err)
	}
	if err := f.checkFiles(); err != nil {
		return nil, cli.Exit(cli.BadArgs, err)
	}
	cfg, err := f.config(ctx, s, eps, f.files(), log)
	if err != nil {
		return nil, err
	}
	if f.recorder != nil {
		f.recorder.order, f.recorder.line = eps, f.curl(cfg)
		return &Dialer{cfg: *cfg, open: openerOf(s), recorder: f.recorder}, nil
	}
	who, err := f.auth(ctx, s)
	if err != nil {
		return nil, cli.Exit(cli.Failure, err)
	}
	d := newDialer(s, cfg, who)
	d.who, d.cacert = identify(who, f.cert, f.password, ""), f.cacert
	return d, nil
}

// config returns the configuration of clientv3 for the given endpoints.
func (f *Flags) config(ctx context.Context, s cli.Streams, eps []string, files tlsFiles, log *zap.Logger) (*clientv3.Config, error) {
	cfg, err := clientv3.NewClientConfig(&clientv3.ConfigSpec{
		Endpoints:          eps,
		DialTimeout:        f.dialTimeout,
		KeepAliveTime:      f.keepAliveTime,
		KeepAliveTimeout:   f.keepAliveTimeout,
		MaxCallSendMsgSize: f.maxRequestBytes,
		MaxCallRecvMsgSize: f.maxRecvBytes,
	}, log)
	if err == nil {
		cfg.TLS, err = files.config(ctx, s)
	}
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
	return &Dialer{cfg: *cfg, proxy: findProxy(s, cfg.Endpoints), open: openerOf(s)}
}

// Endpoints returns the resolved endpoints, in the order given.
func (d *Dialer) Endpoints() []string { return slices.Clone(d.cfg.Endpoints) }

// Secrets returns the password or the token that clients log in with, for a
// command that must not write them anywhere.
func (d *Dialer) Secrets() []string {
	return slices.DeleteFunc([]string{d.cfg.Password, d.cfg.Token}, func(s string) bool { return s == "" })
}

// FailFast returns a dialer whose clients fail a request as soon as none of the
// client's endpoints can be reached, instead of retrying until the request's
// deadline. It is for requests that are about one endpoint, on a client for
// that endpoint.
//
// The error of such a request is context.DeadlineExceeded to errors.Is, as
// upstream's is in the end, unless no wait would have helped.
func (d *Dialer) FailFast() *Dialer {
	fast := *d
	fast.failFast = true
	return &fast
}

// Dial returns a client for the given endpoints, or for all of the dialer's
// where none is given. Connecting waits for the first request, except that a
// user is logged in here. Errors carry the exit codes of upstream and name their
// cause.
//
// The caller closes the client. The client outlives ctx once Dial has returned,
// so that a command can clean up.
func (d *Dialer) Dial(ctx context.Context, endpoints ...string) (*Client, error) {
	if d.pool != nil {
		return d.pool.client(ctx, d, endpoints)
	}
	return d.dial(ctx, endpoints)
}

func (d *Dialer) dial(ctx context.Context, endpoints []string) (*Client, error) {
	cfg := d.cfg
	if len(endpoints) > 0 {
		cfg.Endpoints = endpoints
	}
	conns := newConnections(cfg.Endpoints)
	conns.proxy, conns.through = d.proxy, d.open
	c := &Client{wire: &wire{conns: conns, failFast: d.failFast, who: d.who, upload: cmp.Or(cfg.MaxCallSendMsgSize, defaultUpload), health: d.health}}
	cleaned, err := targets(cfg.Endpoints)
	if err != nil {
		return nil, cli.Exit(cli.BadConnection, err)
	}
	cfg.Endpoints = cleaned
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

// targets returns endpoints as clientv3 gets them.
func targets(eps []string) ([]string, error) {
	out := make([]string, len(eps))
	for i, ep := range eps {
		out[i] = withoutUser(ep)
		if _, err := url.Parse("etcd://" + out[i]); err != nil && strings.Contains(out[i], "%") {
			return nil, fmt.Errorf("--endpoints: %s: a %% is written %%25 there: %s", shown(ep), strings.ReplaceAll(shown(ep), "%", "%25"))
		}
	}
	return out, nil
}
