package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Bar shows on the error stream how much is done, of how much, and how much in
// a second, in one line that is written over and taken away at the end. Where that stream is not a
// terminal it shows nothing. It may be used from several goroutines, as long as
// nobody else writes to the error stream: Line is for that.
type Bar struct {
	mu    sync.Mutex
	err   io.Writer
	shows bool // err is a terminal
	what  string
	now   func() time.Time
	start time.Time
	next  time.Time // nothing is shown before
	drawn bool
}

// barWidth is the length of the bar itself. With what stands beside it the
// line fits a terminal of 80 columns.
const barWidth = 30

// Bar starts to show how much of the work is done that what names, such as
// "copied".
func (s Streams) Bar(what string) *Bar {
	b := &Bar{err: s.Err, what: what, now: s.Time, start: s.Time()}
	b.next = b.start.Add(progressPause)
	_, b.shows = Terminal(s.Err)
	return b
}

// Set says how much is done, and of how much; 0 is that nobody knows.
func (b *Bar) Set(done, total int64) {
	if !b.shows {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if now.Before(b.next) {
		return
	}
	b.next, b.drawn = now.Add(progressPause), true
	rate := int64(float64(done) / now.Sub(b.start).Seconds())
	if total == 0 {
		fmt.Fprintf(b.err, "\r\x1b[K%s %d, %d/s", b.what, done, rate)
		return
	}
	part := 1.0
	if done < total {
		part = float64(done) / float64(total)
	}
	full := int(part * barWidth)
	fmt.Fprintf(b.err, "\r\x1b[K%s [%s%s] %3d%% %d/%d, %d/s", b.what,
		strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), int(part*100), done, total, rate)
}

// Line prints a line on the error stream.
func (b *Bar) Line(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	fmt.Fprintln(b.err, text)
}

// Done takes the bar away.
func (b *Bar) Done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
}

func (b *Bar) clear() {
	if b.drawn {
		fmt.Fprint(b.err, "\r\x1b[K")
	}
	b.drawn = false
}
