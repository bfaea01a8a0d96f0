//go:build !linux

package cli

import "context"

// UntilUnread returns ctx: a pipe that nobody reads is known here by a write
// only.
func (Streams) UntilUnread(ctx context.Context) (unread context.Context, stop func()) {
	return ctx, func() {}
}
