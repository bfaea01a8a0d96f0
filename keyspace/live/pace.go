package live

import (
	"sync"
	"time"
)

// pace bounds how many bytes are asked for at a time, so that they come within
// the time of a request over a slow link as well. It may be used from several
// goroutines.
type pace struct {
	timeout time.Duration // of a request
	most    int64         // bytes of a request where nothing is slow

	mu   sync.Mutex
	now  int64     // bytes
	best float64   // the most of them that came in a second
	cut  time.Time // when an answer was too late last
}

const (
	// share is the part of its time that an answer should take at most, as one
	// may have twice the bytes that were expected.
	share = 4
	// steps is how far the bytes go down at most, to 8 KiB.
	steps = 256
)

func newPace(timeout time.Duration, most int64) *pace {
	return &pace{timeout: timeout, most: most, now: most}
}

// bytes returns how many to ask for, and whether they are less than usual. Then
// a single request takes all that the link carries.
func (p *pace) bytes() (n int64, slow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now, p.now < p.most
}

// came says that so many bytes have come in that time. Fewer take less time over
// a slow link, but not of a server that is slow for any number: there they come
// at a lower rate, and more are asked for again.
func (p *pace) came(bytes int64, took time.Duration) {
	if bytes == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	rate := float64(bytes) / max(took, time.Microsecond).Seconds()
	p.best = max(p.best, rate)
	switch {
	case took < p.timeout/share/2, rate < p.best/2:
		p.set(2 * p.now)
	case took > p.timeout/share:
		p.set(min(p.now, int64(rate*p.timeout.Seconds()/share)))
	}
}

// late records that a request started at that time was not answered in time
// although its answer had begun to arrive, and reports whether a smaller one
// may succeed. Requests that were under way at the same time count once.
func (p *pace) late(begun time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if begun.Before(p.cut) {
		return true
	}
	before := p.now
	p.cut = time.Now()
	p.set(p.now / share)
	return p.now < before
}

func (p *pace) set(bytes int64) { p.now = max(1, p.most/steps, min(p.most, bytes)) }
