package conn

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"etcdkit/commands/conn/conntest"
)

// A loss is reported once it has lasted, and then that it has ended.
func TestOutages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var loopback conntest.Network
		l := loopback.Listen(t, "a:1")
		stopServer := serve(t, l, nil, happy)
		c, err := dialerOn(t, &loopback, "--endpoints", "a:1").Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		said := make(chan string, 10)
		stop := c.Outages(t.Context(), 10*time.Second, func(causes string) { said <- causes }, func() { said <- "found" })
		defer stop()
		if _, err := c.Put(t.Context(), "k", "v"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if len(said) > 0 {
			t.Errorf("lost without a reason: %q", <-said)
		}
		stopServer()
		time.Sleep(9 * time.Second)
		if len(said) > 0 {
			t.Errorf("lost at once: %q", <-said)
		}
		if got := <-said; got != "a:1: connection refused" {
			t.Errorf("lost: %q", got)
		}
		serve(t, loopback.Listen(t, "a:1"), nil, happy)
		if got := <-said; got != "found" {
			t.Errorf("%q, want word of the new connection", got)
		}
	})
}

// What was never reached is lost as well, and nothing is reported after stop.
func TestOutagesFromTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dead, err := dialerOn(t, new(conntest.Network), "--endpoints", "a:1").Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer dead.Close()
		ctx, cancel := context.WithCancel(t.Context())
		said, begun := make(chan string, 10), time.Now()
		stop := dead.Outages(ctx, 10*time.Second, func(causes string) { said <- causes }, func() { said <- "found" })
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = dead.Put(ctx, "k", "v") // tries to connect until it is canceled
		}()
		if got := <-said; got != "a:1: connection refused" || time.Since(begun) != 10*time.Second {
			t.Errorf("dead: %q after %v", got, time.Since(begun))
		}
		cancel()
		<-ended
		stop()
		time.Sleep(time.Hour)
		if len(said) > 0 {
			t.Errorf("said more: %q", <-said)
		}
	})
}
