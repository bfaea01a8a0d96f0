package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

var (
	errLogin  = errors.New("login refused")
	errDown   = errors.New("down")
	errRefuse = errors.New("refused")
)

// world counts the connections to endpoints. None of them exists, so only an
// answer shows that one was reached.
type world struct {
	open, most atomic.Int32
}

// conn is a connection whose client has no server.
type conn struct {
	*world
	api *clientv3.Client
}

func (c *conn) API() *clientv3.Client { return c.api }

func (c *conn) Explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("explained: %w", err)
}

func (c *conn) Close() error { c.open.Add(-1); return c.api.Close() }

func (w *world) dialer(timeout time.Duration) Dialer {
	dial := func(ctx context.Context, endpoint string) (Conn, error) {
		if endpoint == "no login" {
			return nil, errLogin
		}
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{"unix:///nobody"}, Logger: zap.NewNop(), Context: context.WithoutCancel(ctx)})
		if err != nil {
			return nil, err
		}
		for n := w.open.Add(1); ; {
			if most := w.most.Load(); n <= most || w.most.CompareAndSwap(most, n) {
				return &conn{w, c}, nil
			}
		}
	}
	return Dialer{Dial: dial, Timeout: timeout}
}

// asked answers as the endpoint's name says.
func asked(ctx context.Context, _ *clientv3.Client, endpoint string) (string, error) {
	switch endpoint {
	case "down":
		return "half", errDown
	case "silent":
		<-ctx.Done()
		return "", ctx.Err()
	case "slow":
		time.Sleep(time.Second)
	}
	return "from " + endpoint, nil
}

// The answers come in the order of the targets. The first of a member's URLs
// that can be reached answers; if none can, the first one's error is returned.
func TestAsk(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		target        Target
		endpoint, got string
		err           error
		dialed, reach bool
		took          time.Duration
	}{
		{"one", Target{"a"}, "a", "from a", nil, true, true, 0},
		{"the first", Target{"a", "b"}, "a", "from a", nil, true, true, 0},
		{"the second", Target{"down", "b"}, "b", "from b", nil, true, true, 0},
		{"after a login", Target{"no login", "b"}, "b", "from b", nil, true, true, 0},
		{"none", Target{"down", "silent"}, "down", "half", errDown, true, false, 5 * time.Second},
		{"no login", Target{"no login", "down"}, "no login", "", errLogin, false, false, 0},
		{"silent", Target{"silent"}, "silent", "", context.DeadlineExceeded, true, false, 5 * time.Second},
		{"each within the time", Target{"silent", "silent", "b"}, "b", "from b", nil, true, true, 10 * time.Second},
		{"no URL", nil, "", "", nil, false, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, begun := &world{}, time.Now()
				all := Ask(t.Context(), w.dialer(5*time.Second), []Target{{"slow"}, tt.target, {"a"}}, asked)
				took := time.Since(begun)
				if len(all) != 3 || all[0].Value != "from slow" || all[2].Value != "from a" {
					t.Fatalf("got %+v", all)
				}
				got := all[1]
				if got.Endpoint != tt.endpoint || got.Value != tt.got || !errors.Is(got.Err, tt.err) || got.Dialed != tt.dialed || got.Reached != tt.reach {
					t.Errorf("got %+v", got)
				}
				if want := max(tt.took, time.Second); took != want { // that of the slowest, not of all
					t.Errorf("it took %v, want %v", took, want)
				}
				if n := w.open.Load(); n != 0 {
					t.Errorf("%d connections are left open", n)
				}
			})
		})
	}
}

// However many targets there are, few are asked at once, and all are.
func TestAskMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, begun := &world{}, time.Now()
		targets := make([]Target, maxAtOnce+1)
		for i := range targets {
			targets[i] = Target{"slow"}
		}
		for i, got := range Ask(t.Context(), w.dialer(0), targets, asked) {
			if got.Value != "from slow" {
				t.Fatalf("%d: %+v", i, got)
			}
		}
		if took := time.Since(begun); w.most.Load() != maxAtOnce || took != 2*time.Second {
			t.Errorf("%d connections at once, %v", w.most.Load(), took)
		}
	})
}

// Nobody is dialed after an interrupt.
func TestAskInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := &world{}
	got := AskOne(ctx, w.dialer(0), Target{"a", "b"}, asked)
	if !errors.Is(got.Err, context.Canceled) || got.Dialed || got.Endpoint != "a" || w.most.Load() > 0 {
		t.Errorf("got %+v", got)
	}
}

func TestUndialed(t *testing.T) {
	t.Parallel()
	answer := func(dialed bool, err error) Answer[int] {
		return Answer[int]{Outcome: Outcome{Dialed: dialed, Err: err}}
	}
	for _, tt := range []struct {
		answers []Answer[int]
		want    error
	}{
		{nil, nil},
		{[]Answer[int]{answer(false, errLogin), answer(false, errDown)}, errLogin},
		{[]Answer[int]{answer(false, errLogin), answer(true, errRefuse)}, nil},
	} {
		if got := Undialed(tt.answers); got != tt.want { //nolint:errorlint // that very error
			t.Errorf("%v: got %v, want %v", tt.answers, got, tt.want)
		}
	}
}
