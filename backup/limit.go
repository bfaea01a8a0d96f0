package backup

import (
	"context"
	"io"

	"golang.org/x/time/rate"

	"etcdkit/backup/store"
)

// Limit returns the store with a limit on the bytes per second that are read and
// written, both together.
func Limit(s store.Store, bytesPerSecond int) store.Store {
	const most = 256 << 10 // bytes at a time
	return limited{s, rate.NewLimiter(rate.Limit(bytesPerSecond), min(bytesPerSecond, most))}
}

type limited struct {
	store.Store
	limiter *rate.Limiter
}

func (l limited) Put(ctx context.Context, name string, r io.Reader, o store.PutOptions) (store.Object, error) {
	return l.Store.Put(ctx, name, &slowReader{ctx, r, l.limiter}, o)
}

func (l limited) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	body, err := l.Store.Get(ctx, name, offset, length)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{&slowReader{ctx, body, l.limiter}, body}, nil
}

// slowReader waits after each read until its bytes are due.
type slowReader struct {
	ctx     context.Context // Read has no other way to get it
	r       io.Reader
	limiter *rate.Limiter
}

func (s *slowReader) Read(b []byte) (int, error) {
	n, err := s.r.Read(b[:min(len(b), s.limiter.Burst())])
	if n == 0 {
		return 0, err
	}
	if waited := s.limiter.WaitN(s.ctx, n); waited != nil {
		return 0, waited
	}
	return n, err
}
