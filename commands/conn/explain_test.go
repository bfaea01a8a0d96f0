package conn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

// putError returns the error of a put through a dialer, explained.
func putError(ctx context.Context, t *testing.T, d *Dialer) error {
	t.Helper()
	c, err := d.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Put(ctx, "k", "v")
	return c.Explain(err)
}

func TestCausesWithoutTLS(t *testing.T) {
	t.Parallel()
	talk := func(answer string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1))
			_, _ = io.WriteString(c, answer)
		}
	}
	speakTLS := func(c net.Conn) {
		pair := newAuthority(t).issue(t, "a", time.Now())
		_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}).Handshake()
	}
	for _, tt := range []struct {
		name, endpoint string
		serve          func(net.Conn) // by a network in memory at a:1; nil: the machine's network
		want           string
		permanent      bool
	}{
		{"refused", refusing(t), nil, "connection refused", false},
		{"refused, with scheme", "http://" + refusing(t), nil, "connection refused", false},
		{"no port", "localhost", nil, "missing port in address", true},
		{"wrong port", "127.0.0.1:port", nil, "unknown port", true},
		{"unknown scheme", "ftp://127.0.0.1:1", nil, `unknown scheme "ftp", use http, https, unix or unixs`, true},
		{"no socket", "unix:///nowhere/e.sock", nil, "no such file or directory", false},
		{"closes", "a:1", func(net.Conn) {}, "connection closed without an answer (does the server want https?)", false},
		{"closes after reading", "a:1", talk(""), "connection closed without an answer (does the server want https?)", false},
		{"HTTP/1", "a:1", talk("HTTP/1.1 400 Bad Request\r\n\r\n"), "the server speaks HTTP/1, so it is not etcd's client port", true},
		{"TLS alert", "a:1", talk("\x15\x03\x01\x00\x02\x02\x46"), "the server speaks TLS, the endpoint is plain (https:// or --cacert)", true},
		{"closes in the handshake", "https://a:1", talk(""), "connection closed in the TLS handshake (is the server plain http?)", false},
		{"not TLS", "https://a:1", talk("HTTP/1.1 400 Bad Request\r\n\r\n"), "the server speaks plain HTTP/1, so it is not etcd's client port (is it the peer port?)", true},
		{"not TLS either", "https://a:1", talk("SSH-2.0-OpenSSH_9.2p1\r\n"), "the server does not speak TLS (is it plain http?)", true},
		{"TLS", "http://a:1", speakTLS, "the server speaks TLS, the endpoint is plain (https:// or --cacert)", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			check := func(t *testing.T, d *Dialer) {
				t.Helper()
				err := putError(t.Context(), t, d.FailFast())
				want := tt.endpoint + ": " + tt.want
				if errorText(err) != want || !errors.Is(err, context.DeadlineExceeded) || as[*Failure](err).Permanent() != tt.permanent {
					t.Errorf("%v, permanent %v\nwant %s", err, !tt.permanent, want)
				}
			}
			if tt.serve == nil {
				check(t, dialer(t, "--endpoints", tt.endpoint))
				return
			}
			synctest.Test(t, func(t *testing.T) {
				var loopback conntest.Network
				go hand(loopback.Listen(t, "a:1"), tt.serve)
				check(t, dialerOn(t, &loopback, "--endpoints", tt.endpoint))
			})
		})
	}
}

func TestCausesWithTLS(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t), newAuthority(t)
	good := ours.issue(t, "127.0.0.1", time.Now().Add(time.Hour))
	end := time.Now().Add(-time.Hour)
	server := func(c tls.Certificate, change func(*tls.Config)) string {
		l, cfg := listen(t), &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
		if change != nil {
			change(cfg)
		}
		serve(t, l, cfg, happy)
		return "https://" + l.Addr().String()
	}
	mutual := func(cfg *tls.Config) {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, ours.pool()
	}
	noHTTP2 := "https://" + raw(t, func(c net.Conn) {
		_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS12}).Handshake()
	})
	cert, key := files(t, good)
	foreignCert, foreignKey := files(t, other.issue(t, "127.0.0.1", time.Now().Add(time.Hour)))
	for _, tt := range []struct {
		name, endpoint string
		args           []string
		want           string // "" for success; up to "..." where the rest is a time
	}{
		{name: "good", endpoint: server(good, nil)},
		{name: "good, no scheme", endpoint: strings.TrimPrefix(server(good, nil), "https://")},
		{name: "skip verify", endpoint: server(good, nil), args: []string{"--cacert=", "--insecure-skip-tls-verify"}},
		{name: "client certificate", endpoint: server(good, mutual), args: []string{"--cert", cert, "--key", key}},
		{name: "unknown authority", endpoint: server(other.issue(t, "127.0.0.1", time.Now().Add(time.Hour)), nil),
			want: "x509: certificate signed by unknown authority"},
		{name: "expired", endpoint: server(ours.issue(t, "127.0.0.1", end), nil),
			want: "x509: certificate has expired or is not yet valid: ..."},
		{name: "other host", endpoint: server(ours.issue(t, "etcd.test", time.Now().Add(time.Hour)), nil),
			want: "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"},
		{name: "no client certificate", endpoint: server(good, mutual),
			want: "the server requires a client certificate (--cert and --key)"},
		{name: "no client certificate, TLS 1.2", endpoint: server(good, func(c *tls.Config) { mutual(c); c.MaxVersion = tls.VersionTLS12 }),
			want: "the server requires a client certificate (--cert and --key)"},
		{name: "foreign client certificate", endpoint: server(good, mutual), args: []string{"--cert", foreignCert, "--key", foreignKey},
			want: "the server refuses: tls: unknown certificate authority"},
		{name: "no HTTP/2", endpoint: noHTTP2, want: "the server speaks TLS but not HTTP/2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"--endpoints", tt.endpoint, "--cacert", ours.file}, tt.args...)
			if len(tt.args) > 0 && tt.args[0] == "--cacert=" {
				args = append(args[:2:2], tt.args[1:]...)
			}
			got := errorText(putError(t.Context(), t, dialer(t, args...).FailFast()))
			want := tt.want
			if want != "" {
				want = tt.endpoint + ": " + want
			}
			if prefix, open := strings.CutSuffix(want, "..."); got != want && (!open || !strings.HasPrefix(got, prefix)) {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
}

// Plain and TLS endpoints may appear in one list: each is dialed by its own
// scheme, in any order and for any request.
func TestMixedSchemes(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	a, b := listen(t), listen(t)
	serve(t, a, nil, happy)
	serve(t, b, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "127.0.0.1", time.Now().Add(time.Hour))}, MinVersion: tls.VersionTLS12}, happy)
	eps := []string{"http://" + a.Addr().String(), "https://" + b.Addr().String()}
	for _, list := range []string{eps[0] + "," + eps[1], eps[1] + "," + eps[0]} {
		c, err := dialer(t, "--endpoints", list, "--cacert", ca.file).FailFast().Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, ep := range eps {
			if _, err := c.Status(t.Context(), ep); err != nil {
				t.Errorf("%s: status of %s: %v", list, ep, c.Explain(err))
			}
		}
		for range 4 { // round robin
			if _, err := c.Put(t.Context(), "k", "v"); err != nil {
				t.Errorf("%s: put: %v", list, c.Explain(err))
			}
		}
	}
}

func TestSeveralEndpoints(t *testing.T) {
	t.Parallel()
	a, b := refusing(t), refusing(t)
	err := putError(t.Context(), t, dialer(t, "--endpoints", a+",http://h,"+b+",,x y").FailFast())
	want := fmt.Sprintf(`%s, %s: connection refused; http://h, "x y": missing port in address; "": missing address`, a, b)
	if errorText(err) != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestCausesAtTheDeadline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, scheme, want string }{
		{"hangs", "", "connected, but no answer"},
		{"hangs in the handshake", "https://", "connected, but no answer to the TLS handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := newExpiring(t)
			endpoint := tt.scheme + raw(t, func(c net.Conn) {
				_, _ = c.Read(make([]byte, 1))
				ctx.expire()
				_, _ = io.Copy(io.Discard, c)
			})
			err := putError(ctx, t, dialer(t, "--endpoints", endpoint))
			want := endpoint + ": " + tt.want + ": context deadline exceeded"
			if errorText(err) != want || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v\nwant %s", err, want)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		ctx, endpoint := newExpiring(t), refusing(t)
		c, err := dialer(t, "--endpoints", endpoint).Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() {
			untilFailed(c)
			ctx.expire()
		}()
		_, err = c.Put(ctx, "k", "v")
		if got, want := errorText(c.Explain(err)), endpoint+": connection refused: context deadline exceeded"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	})
}

// untilFailed waits until a try to connect has failed.
func untilFailed(c *Client) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		c.wire.conns.mu.Lock()
		failed := c.wire.conns.all[0].err != nil
		c.wire.conns.mu.Unlock()
		if failed {
			return
		}
		<-tick.C
	}
}

// The reactions of a server to a request that it received, and the error for
// each.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	put := func(ctx context.Context, c *Client) error {
		_, err := c.Put(ctx, "k", "v")
		return err
	}
	get := func(ctx context.Context, c *Client) error {
		_, err := c.Get(ctx, "k")
		return err
	}
	txn := func(ops ...clientv3.Op) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error {
			_, err := c.Txn(ctx).Then(ops...).Commit()
			return err
		}
	}
	read, nested := clientv3.OpGet("k"), clientv3.OpTxn(nil, []clientv3.Op{clientv3.OpDelete("k")}, nil)
	const late = ": context deadline exceeded"
	const lost = "; the write may have happened" + late
	for _, tt := range []struct {
		name   string
		do     func(context.Context, *Client) error
		answer error // nil for none
		want   string
	}{
		{"put", put, nil, "no answer from %s" + lost},
		{"get", get, nil, "no answer from %s" + late},
		{"txn that reads", txn(read, read), nil, "no answer from %s" + late},
		{"txn that writes", txn(read, clientv3.OpPut("k", "v")), nil, "no answer from %s" + lost},
		{"txn in a txn", txn(read, nested), nil, "no answer from %s" + lost},
		{"put, no quorum", put, rpctypes.ErrGRPCTimeout, "etcdserver: request timed out: the write may have happened"},
		{"get, no quorum", get, rpctypes.ErrGRPCTimeout, "%s: etcdserver: request timed out" + late},
		{"get, no leader", get, rpctypes.ErrGRPCNoLeader, "%s has no leader: " + tooFew + late},
		{"a learner", get, rpctypes.ErrGRPCNotSupportedForLearner,
			"etcdserver: rpc not supported for learner: it is asked of a learner; name a voting member in --endpoints"},
		{"put, not unique", put, status.Error(codes.Unavailable, "gone"), "rpc error: code = Unavailable desc = gone: the write may have happened"},
		{"auth needed", put, rpctypes.ErrGRPCUserEmpty, "etcdserver: user name is empty: authentication is enabled, so --user is needed"},
		{"not allowed", put, rpctypes.ErrGRPCPermissionDenied, "etcdserver: permission denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, ctx := listen(t), newExpiring(t)
			var tries atomic.Int32
			serve(t, l, nil, func(rpc context.Context, method string) error {
				if tries.Add(1) > 2 && method != "Authenticate" || tt.answer == nil { // some requests are repeated
					ctx.expire()
					return deaf(rpc, method)
				}
				return tt.answer
			})
			c, err := dialer(t, "--endpoints", l.Addr().String()).Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			want := strings.ReplaceAll(tt.want, "%s", l.Addr().String())
			if got := c.Explain(tt.do(ctx, c)); errorText(got) != want {
				t.Errorf("%v\nwant %s", got, want)
			}
		})
	}
}

func TestServerDiesWithThePut(t *testing.T) {
	t.Parallel()
	l, got := listen(t), make(chan struct{})
	stop := serve(t, l, nil, func(ctx context.Context, method string) error {
		close(got)
		return deaf(ctx, method)
	})
	go func() {
		<-got
		stop()
	}()
	err := putError(t.Context(), t, dialer(t, "--endpoints", l.Addr().String()))
	if status.Code(err) != codes.Unavailable || !strings.HasSuffix(err.Error(), ": the write may have happened") {
		t.Errorf("%v", err)
	}
}

func TestRequestTooLarge(t *testing.T) {
	t.Parallel()
	l := listen(t)
	serve(t, l, nil, happy)
	d := dialer(t, "--endpoints", l.Addr().String(), "--max-request-bytes", "5")
	want := "rpc error: code = ResourceExhausted desc = trying to send message larger than max (6 vs. 5): a larger --max-request-bytes sends it"
	if err := putError(t.Context(), t, d); errorText(err) != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestExplainKeepsTheError(t *testing.T) {
	t.Parallel()
	c, err := dialer(t, "--endpoints", refusing(t)).FailFast().Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Explain(nil) != nil {
		t.Error("nil has a cause")
	}
	_, err = c.Get(t.Context(), "k")
	coded := cli.Exit(cli.Interrupted, fmt.Errorf("watch: %w", err))
	got := c.Explain(coded)
	if !errors.Is(got, coded) || cli.CodeOf(got) != cli.Interrupted || !strings.HasPrefix(got.Error(), "watch: 127.0.0.1:") {
		t.Errorf("%v, code %d", got, cli.CodeOf(got))
	}
	if again := c.Explain(got); again != got { //nolint:errorlint // the very same error
		t.Errorf("explained twice: %v", again)
	}
	for _, err := range []error{context.Canceled, os.ErrNotExist, rpctypes.ErrCompacted} {
		if got := c.Explain(err); got != err { //nolint:errorlint // the very same error
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	op := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	call := func(e syscall.Errno) error { return op(os.NewSyscallError("connect", e)) }
	for _, tt := range []struct {
		at   stage
		err  error
		want string
	}{
		{dialling, op(&net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}), "no such host"},
		{dialling, op(&net.DNSError{Err: "server misbehaving", Name: "h"}), "server misbehaving"},
		{dialling, op(&net.DNSError{Err: "i/o timeout", Name: "h", IsTimeout: true}), "timed out looking up the host"},
		{dialling, call(syscall.EHOSTUNREACH), "no route to host"},
		{dialling, call(syscall.ENETUNREACH), "network is unreachable"},
		{dialling, call(syscall.ETIMEDOUT), "timed out connecting"},
		{dialling, op(os.ErrDeadlineExceeded), "timed out connecting"},
		{dialling, context.DeadlineExceeded, "timed out connecting"},
		{securing, context.DeadlineExceeded, "connected, but no answer to the TLS handshake"},
		{greeting, op(os.ErrDeadlineExceeded), "connected, but no answer"},
		{dialling, call(syscall.ECONNRESET), "connection reset by peer"},
		{securing, call(syscall.ECONNRESET), "connection closed in the TLS handshake (is the server plain http?)"},
		{greeting, io.ErrUnexpectedEOF, "connection closed without an answer (does the server want https?)"},
		{securing, &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"a"}}, Host: "b"}}, "x509: certificate is valid for a, not b"},
		{securing, errors.New("something else"), "something else"},
	} {
		if got := words(tt.at, tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestCauseOfATryThatHasNotEnded(t *testing.T) {
	t.Parallel()
	if got := (&connection{stage: ready}).cause(); got != "" {
		t.Errorf("ready: %q", got)
	}
	for at, want := range map[stage]string{
		idle:     "",
		dialling: "timed out connecting",
		securing: "connected, but no answer to the TLS handshake",
		greeting: "connected, but no answer",
	} {
		if got := (&connection{stage: at}).cause(); got != want {
			t.Errorf("stage %d: %q, want %q", at, got, want)
		}
		if got := (&connection{stage: at}).failure(); got != "" { // an attempt that is still under way has not failed
			t.Errorf("stage %d: failed with %q", at, got)
		}
	}
}

// clientv3 tries a read again when its time is up already. What is said is of the try that got somewhere.
func TestLastTry(t *testing.T) {
	t.Parallel()
	to := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	late := status.Error(codes.DeadlineExceeded, "late")
	for _, tt := range []struct {
		name      string
		one, next attempt
		write     bool
		second    bool // the second attempt is the one to report
	}{
		{"not answered", attempt{to: to, err: late}, attempt{err: late}, false, false},
		{"refused", attempt{to: to, err: rpctypes.ErrGRPCNoLeader}, attempt{to: to, err: late}, false, false},
		{"answered", attempt{to: to}, attempt{err: late}, false, true},
		{"not answered twice", attempt{to: to, err: late}, attempt{to: to, err: late}, false, true},
		{"a write", attempt{to: to, err: late}, attempt{err: late}, true, true},
		{"another end", attempt{to: to, err: late}, attempt{err: rpctypes.ErrGRPCEmptyKey}, false, true},
	} {
		r := &trace{write: tt.write, last: tt.one}
		r.note(tt.next)
		want := tt.one
		if tt.second {
			want = tt.next
		}
		if r.last != want {
			t.Errorf("%s: %+v", tt.name, r.last)
		}
	}
}
