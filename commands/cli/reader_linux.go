package cli

import (
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// readerPoll is how often it is looked whether anybody still wants to know of a
// reader, in milliseconds; that it is gone is known at once.
const readerPoll = 1000

// UntilUnread returns a context that also ends when the output is a pipe that
// is no longer read, for a command that may not write for a long time and would
// not notice until then. The command returns the context's cause, and
// [Program.Main] ends the process as a write would. A named pipe may get
// another reader, so it does not count. stop releases the resources.
func (s Streams) UntilUnread(ctx context.Context) (unread context.Context, stop func()) {
	f, ok := s.Out.(*os.File)
	if !ok || !anonymousPipe(f) {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	fds := []unix.PollFd{{Fd: int32(f.Fd())}} //nolint:gosec // descriptors are small
	go func() {                               // it may look at the descriptor once more when it is closed, which changes nothing then
		for ctx.Err() == nil {
			if n, err := unix.Poll(fds, readerPoll); err != nil && err != unix.EINTR {
				return
			} else if n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
				cancel(errUnread)
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// anonymousPipe reports whether f is a pipe without a name that another process
// could open.
func anonymousPipe(f *os.File) bool {
	var fs unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &fs) == nil && fs.Type == unix.PIPEFS_MAGIC
}
