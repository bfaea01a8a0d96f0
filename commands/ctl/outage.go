package ctl

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// reportOutages reports on w when there is no connection for longer than
// --dial-timeout, with the cause, and when one exists again. It is for commands
// that retry for ever, as upstream's do silently. mu guards w.
func (s *session) reportOutages(ctx context.Context, a *app, w io.Writer, mu sync.Locker) (stop func()) {
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, format+"\n", args...)
	}
	return s.client.Outages(ctx, a.conn.DialTimeout(),
		func(causes string) { say("no connection: %s; retrying", causes) },
		func() { say("connected") })
}
