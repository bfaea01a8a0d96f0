package conn

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

func TestOutages(t *testing.T) {
	t.Parallel()
	free := refusing(t)
	other := listen(t)
	stopOther := serve(t, other, nil, happy)
	c, err := dialer(t, "--endpoints", other.Addr().String()).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	said := make(chan string, 10)
	stop := c.Outages(t.Context(), 10*time.Millisecond, func(causes string) { said <- causes }, func() { said <- "found" })
	if _, err := c.Put(t.Context(), "k", "v"); err != nil {
		t.Fatal(err)
	}
	stopOther()
	if got := <-said; !strings.HasPrefix(got, other.Addr().String()+": ") {
		t.Errorf("lost: %q", got)
	}
	l, err := net.Listen("tcp", other.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	serve(t, l, nil, happy)
	if got := <-said; got != "found" {
		t.Errorf("%q, want word of the new connection", got)
	}
	stop()

	dead, err := dialer(t, "--endpoints", free).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop = dead.Outages(ctx, 10*time.Millisecond, func(causes string) { said <- causes }, func() { said <- "found" })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = dead.Put(ctx, "k", "v") // tries to connect until it is canceled
	}()
	got := <-said
	// A slow machine may not have ended the first try yet.
	if got != free+": connection refused" && got != free+": timed out connecting" {
		t.Errorf("dead: %q", got)
	}
	cancel()
	<-ended
	stop()
	if len(said) > 0 {
		t.Errorf("said more: %q", <-said)
	}
}
