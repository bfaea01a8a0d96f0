package conn

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

func TestDialSendsNothing(t *testing.T) {
	t.Parallel()
	c, err := dialer(t, "--endpoints", raw(t, func(net.Conn) { t.Error("dialed") })).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestDialGivenEndpoints(t *testing.T) {
	t.Parallel()
	l := listen(t)
	serve(t, l, nil, happy)
	d := dialer(t, "--endpoints", refusing(t))
	c, err := d.Dial(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Put(t.Context(), "k", "v"); err != nil {
		t.Error(c.Explain(err))
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	fail := func(err error) func(context.Context, string) error {
		return func(_ context.Context, method string) error {
			if method == "Authenticate" {
				return err
			}
			return nil
		}
	}
	for _, tt := range []struct {
		name   string
		answer func(context.Context, string) error
		want   string
	}{
		{name: "right", answer: happy},
		{name: "authentication is off", answer: fail(rpctypes.ErrGRPCAuthNotEnabled)},
		{name: "wrong password", answer: fail(rpctypes.ErrGRPCAuthFailed),
			want: "etcdserver: authentication failed, invalid user ID or password"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var loopback conntest.Network
				serve(t, loopback.Listen(t, "a:1"), nil, tt.answer)
				checkLogin(t, dialerOn(t, &loopback, "--endpoints", "a:1", "--user", "u:p"), tt.want, 0)
			})
		})
	}
	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var loopback conntest.Network
			serve(t, loopback.Listen(t, "a:1"), nil, deaf)
			d := dialerOn(t, &loopback, "--endpoints", "a:1", "--user", "u:p", "--dial-timeout", "7s")
			checkLogin(t, d, "no answer from a:1: context deadline exceeded", 7*time.Second)
		})
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := dialerOn(t, new(conntest.Network), "--endpoints", "a:1", "--user", "u:p")
			checkLogin(t, d, "a:1: connection refused: context deadline exceeded", 2*time.Second)
		})
	})
	t.Run("refused, fast", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := dialerOn(t, new(conntest.Network), "--endpoints", "a:1", "--user", "u:p").FailFast()
			checkLogin(t, d, "a:1: connection refused", 0)
		})
	})
}

func checkLogin(t *testing.T, d *Dialer, want string, took time.Duration) {
	t.Helper()
	begun := time.Now()
	c, err := d.Dial(t.Context())
	if err == nil {
		defer c.Close()
	}
	if errorText(err) != want || time.Since(begun) != took {
		t.Errorf("%v after %v\nwant %s after %v", err, time.Since(begun), want, took)
	}
	if err != nil && cli.CodeOf(err) != cli.BadConnection {
		t.Errorf("code %d", cli.CodeOf(err))
	}
}

func TestEmptyPassword(t *testing.T) {
	t.Parallel()
	l := listen(t)
	serve(t, l, nil, func(context.Context, string) error { return rpctypes.ErrGRPCUserEmpty })
	err := putError(t.Context(), t, dialer(t, "--endpoints", l.Addr().String(), "--user", "u:"))
	if want := "etcdserver: user name is empty: authentication is enabled and the password is empty"; errorText(err) != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestLoginIsInterrupted(t *testing.T) {
	t.Parallel()
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	serve(t, l, nil, func(rpc context.Context, method string) error {
		cancel()
		return deaf(rpc, method)
	})
	_, err := dialer(t, "--endpoints", l.Addr().String(), "--user", "u:p", "--dial-timeout", "1m").Dial(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A command cleans up after the signal that has ended its context.
func TestClientOutlivesTheContextOfDial(t *testing.T) {
	t.Parallel()
	l := listen(t)
	serve(t, l, nil, happy)
	ctx, cancel := context.WithCancel(t.Context())
	c, err := dialer(t, "--endpoints", l.Addr().String()).Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cancel()
	if c.Ctx().Err() != nil {
		t.Error("the client has ended")
	}
	if _, err := c.Put(t.Context(), "k", "v"); err != nil {
		t.Error(c.Explain(err))
	}
}

func TestSizeLimits(t *testing.T) {
	t.Parallel()
	_, err := dialer(t, "--max-request-bytes", "10", "--max-recv-bytes", "5").Dial(t.Context())
	want := "gRPC message recv limit (5 bytes) must be greater than send limit (10 bytes)"
	if errorText(err) != want || cli.CodeOf(err) != cli.BadConnection {
		t.Errorf("%v, code %d", err, cli.CodeOf(err))
	}
}

// Failing fast means one try, for every kind of request.
func TestFailFastTriesOnce(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*Client, string) error{
		"status": func(c *Client, ep string) error { _, err := c.Status(c.Ctx(), ep); return err },
		"get":    func(c *Client, _ string) error { _, err := c.Get(c.Ctx(), "k"); return err },
		"put":    func(c *Client, _ string) error { _, err := c.Put(c.Ctx(), "k", "v"); return err },
		"stream": func(c *Client, _ string) error { _, err := c.Snapshot(c.Ctx()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const ep = "a:1"
				var loopback conntest.Network
				tries, begun := make(chan struct{}, 100), time.Now()
				go hand(loopback.Listen(t, ep), func(net.Conn) { tries <- struct{}{} })
				c, err := dialerOn(t, &loopback, "--endpoints", ep).FailFast().Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				err = do(c, ep)
				if !errors.Is(err, context.DeadlineExceeded) || Bare(err) != context.DeadlineExceeded { //nolint:errorlint // that very value
					t.Errorf("%v", err)
				}
				if len(tries) > 4 { // grpc connects once more, and the protocol of the server is probed
					t.Errorf("%d tries in %v", len(tries), time.Since(begun))
				}
			})
		})
	}
}

// Without FailFast a server may come up while the request waits for it.
func TestRequestWaitsForTheServer(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "e.sock")
	d := dialer(t, "--endpoints", "unix://"+socket)
	d.FailFast() // a separate dialer: d is unchanged
	c, err := d.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	done := make(chan error, 1)
	go func() {
		_, err := c.Put(t.Context(), "k", "v")
		done <- err
	}()
	untilFailed(c)
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, l, nil, happy)
	if err := <-done; err != nil {
		t.Error(c.Explain(err))
	}
}
