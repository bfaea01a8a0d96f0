package cli

import (
	"context"
	"io"
)

// Input returns what is read from the input, up to the end of ctx: a read that
// waits for a terminal or a pipe then returns the cause of that end, which
// nothing else could wake it for. It is left behind, and what it still gets is
// lost. A reader of the input is for one goroutine.
func (s Streams) Input(ctx context.Context) io.Reader { return &endingReader{ctx: ctx, r: s.In} }

type endingReader struct {
	ctx context.Context // Read has no other way to get it
	r   io.Reader
	buf []byte // what a read that is left behind may still write to
}

// Read implements io.Reader.
func (e *endingReader) Read(b []byte) (int, error) {
	if e.ctx.Err() != nil {
		return 0, context.Cause(e.ctx)
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
		return copy(b, buf[:r.n]), r.err
	case <-e.ctx.Done():
		return 0, context.Cause(e.ctx)
	}
}
