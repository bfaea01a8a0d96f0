//go:build !linux

package cli

import "context"

// UntilUnread returns ctx: on this system only a write shows that a pipe is not
// read.
func (Streams) UntilUnread(ctx context.Context) (unread context.Context, stop func()) {
	return ctx, func() {}
}
