package cli

import (
	"context"
	"fmt"
	"io"
)

// Input returns a reader of standard input that ends with ctx: a read that
// waits for a terminal or a pipe, which nothing else can interrupt, then
// returns the cause of that end. That read is abandoned, and any input it still
// receives is lost. The reader must not be used concurrently.
func (s Streams) Input(ctx context.Context) io.Reader { return &endingReader{ctx: ctx, r: s.In} }

type endingReader struct {
	ctx context.Context // Read can't get it in another way
	r   io.Reader
	buf []byte // the buffer that an abandoned read may still write to
	end error  // of r; a terminal whose input was ended would wait for more
}

// Read implements io.Reader.
func (e *endingReader) Read(b []byte) (int, error) {
	if e.ctx.Err() != nil {
		return 0, context.Cause(e.ctx)
	}
	if e.end != nil {
		return 0, e.end
	}
	if len(e.buf) < len(b) {
		e.buf = make([]byte, len(b))
	}
	type result struct {
		n   int
		err error
	}
	buf, got := e.buf[:len(b)], make(chan result, 1)
	go func() {
		n, err := e.r.Read(buf)
		got <- result{n, err}
	}()
	select {
	case r := <-got:
		e.end = r.err
		return copy(b, buf[:r.n]), r.err
	case <-e.ctx.Done():
		return 0, context.Cause(e.ctx)
	}
}

// Announced returns r, which reads standard input. If that is a terminal, a line
// on the error stream says before the first read what is waited for, such as "the
// value", and how to end it.
func (s Streams) Announced(what string, r io.Reader) io.Reader {
	if _, tty := Terminal(s.In); !tty {
		return r
	}
	return &announcedReader{Reader: r, err: s.Err, line: "Reading " + what + " from the terminal; Ctrl-D at the beginning of a line ends it."}
}

type announcedReader struct {
	io.Reader
	err  io.Writer
	line string // "" if it was printed
}

// Read implements io.Reader.
func (a *announcedReader) Read(b []byte) (int, error) {
	if a.line != "" {
		fmt.Fprintln(a.err, a.line)
		a.line = ""
	}
	return a.Reader.Read(b)
}

// NoInput is a standard input that must not be read: Read returns Err. A child
// process gets an empty one in its place.
type NoInput struct{ Err error }

// Read implements io.Reader.
func (n NoInput) Read([]byte) (int, error) { return 0, n.Err }
