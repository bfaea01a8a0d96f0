package cli

import (
	"fmt"
	"io"
	"time"
)

// Progress shows on the error stream how many bytes have come so far, in one
// line that is written over and taken away at the end. Where that stream is
// not a terminal it shows nothing. It is for one goroutine.
type Progress struct {
	w     io.Writer  // nil where nothing is shown
	width func() int // columns of w
	what  string
	now   func() time.Time
	start time.Time
	next  time.Time // nothing is shown before
}

// progressPause is the least time between two lines, and before the first:
// work that takes no longer needs none.
const progressPause = 200 * time.Millisecond

// Progress starts to show the progress of what is done with the bytes, such as
// "received".
func (s Streams) Progress(what string) *Progress {
	p := &Progress{what: what, now: s.Time, start: s.Time()}
	p.next = p.start.Add(progressPause)
	if tty, ok := Terminal(s.Err); ok {
		p.w = s.Err
		p.width = func() int { return columns(tty) }
	}
	return p
}

// Bytes says that n bytes have come in all.
func (p *Progress) Bytes(n int64) {
	if p.w == nil {
		return
	}
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(progressPause)
	megabytes := float64(n) / 1e6
	line := fmt.Sprintf("%s %.1f MB, %.1f MB/s", p.what, megabytes, megabytes/now.Sub(p.start).Seconds())
	fmt.Fprint(p.w, "\r\x1b[K", cut(line, p.width()-1))
}

// Done takes the line away.
func (p *Progress) Done() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
