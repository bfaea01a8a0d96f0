package cli

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// pipeRoom is how many bytes a pipe is to hold that many are written to: the most that Linux gives anybody, see pipe(7).
const pipeRoom = 1 << 20

// roomy returns a writer to w that makes room in a pipe when as much has been written, so that its reader and we need not
// wait for each other at every 64 kB.
func roomy(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok && anonymousPipe(f) {
		return &pipe{File: f}
	}
	return w
}

// pipe is the end of a pipe that is written to.
type pipe struct {
	*os.File
	written int
}

func (p *pipe) Write(b []byte) (int, error) {
	n, err := p.File.Write(b)
	if p.written < pipeRoom && p.written+n >= pipeRoom {
		p.widen()
	}
	p.written += n
	return n, err
}

// widen asks for room. Where there is none to be had the pipe stays as it is.
func (p *pipe) widen() {
	if c, err := p.SyscallConn(); err == nil {
		_ = c.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeRoom) })
	}
}
