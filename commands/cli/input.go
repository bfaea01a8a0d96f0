package cli

import (
	"context"
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
