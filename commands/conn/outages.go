package conn

import (
	"context"
	"time"
)

// Outages reports when none of the client's endpoints can be reached: it calls
// lost with the causes after the duration after, and found when a connection
// exists again. One goroutine makes both calls; it has ended when stop returns.
//
// It is for commands that wait indefinitely and would otherwise do so silently.
func (c *Client) Outages(ctx context.Context, after time.Duration, lost func(causes string), found func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	conns := c.wire.conns
	go func() {
		defer close(ended)
		told, out := false, time.After(after)
		for {
			changed := conns.change()
			select {
			case <-ctx.Done():
				return
			case <-out:
				if causes, _ := conns.causes((*connection).cause); causes != "" {
					lost(causes)
					told = true
				}
				out = nil
			case <-changed:
				switch ready := conns.ready(); {
				case ready && told:
					found()
					fallthrough
				case ready:
					told, out = false, nil
				case !told && out == nil:
					out = time.After(after)
				}
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}
