package ctl

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// reportOutages says on w when there is no connection for longer than
// --dial-timeout, and why, and when there is one again. It is for commands that
// go on trying for ever, as upstream's do without a word. mu guards w.
func (s *session) reportOutages(ctx context.Context, a *app, w io.Writer, mu sync.Locker) (stop func()) {
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, format+"\n", args...)
	}
	return s.client.Outages(ctx, a.conn.DialTimeout(),
		func(causes string) { say("no connection: %s: trying on", causes) },
		func() { say("connected") })
}
