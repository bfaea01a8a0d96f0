package cli

import (
	"fmt"
	"io"
	"os"
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
	shows bool       // err is a terminal
	width func() int // columns of it
	what  string
	now   func() time.Time
	start time.Time
	next  time.Time // nothing is shown before
	drawn bool
}

// barWidth is the greatest length of the bar itself. With what stands beside it
// the line fits a terminal of 80 columns; on a narrower one the bar is shorter,
// or there is none.
const barWidth = 30

// Bar starts to show how much of the work is done that what names, such as
// "copied".
func (s Streams) Bar(what string) *Bar {
	b := &Bar{err: s.Err, what: what, now: s.Time, start: s.Time()}
	b.next = b.start.Add(progressPause)
	var tty *os.File
	tty, b.shows = Terminal(s.Err)
	b.width = func() int { return columns(tty) }
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
	fmt.Fprint(b.err, "\r\x1b[K", b.line(done, total, rate))
}

// line is what is shown. It is shorter than the terminal is wide: what wraps
// can't be taken away.
func (b *Bar) line(done, total, rate int64) string {
	most := max(b.width()-1, 0)
	if total == 0 {
		return cut(fmt.Sprintf("%s %d, %d/s", b.what, done, rate), most)
	}
	part := 1.0
	if done < total {
		part = float64(done) / float64(total)
	}
	numbers := fmt.Sprintf("%3d%% %d/%d, %d/s", int(part*100), done, total, rate)
	width := min(barWidth, most-len(b.what)-len(numbers)-len(" [] "))
	if width <= 0 {
		return cut(b.what+" "+strings.TrimLeft(numbers, " "), most)
	}
	full := int(part * float64(width))
	return fmt.Sprintf("%s [%s%s] %s", b.what, strings.Repeat("=", full), strings.Repeat(" ", width-full), numbers)
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
