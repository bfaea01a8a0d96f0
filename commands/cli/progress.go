package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// Unit is the unit that a [Progress] counts.
type Unit int

// The units of a [Progress].
const (
	Items   Unit = iota // shown with a rate
	Bytes               // shown in MB, with a rate
	Seconds             // shown without a rate
)

// Progress shows on the error stream how much of some work is done and how fast,
// in one line that is overwritten and removed at the end. It shows nothing if
// that stream is not a terminal, or one that can't overwrite a line (TERM=dumb).
// It may be used from several goroutines as long as nothing else writes to the
// error stream: use Line instead.
type Progress struct {
	mu    sync.Mutex
	err   io.Writer
	shows bool       // err is a terminal that can overwrite a line
	width func() int // columns of it
	what  string
	unit  Unit
	now   func() time.Time
	start time.Time
	next  time.Time // nothing is shown before
	drawn bool
}

// barWidth is the greatest length of the bar. With the numbers after it the
// line fits a terminal of 80 columns; on a narrower one the bar is shorter, or
// omitted.
const barWidth = 30

// progressPause is the least time between two lines, and before the first:
// shorter work needs none.
const progressPause = 200 * time.Millisecond

// Progress returns a display of the work described by what, such as "copied".
func (s Streams) Progress(what string, unit Unit) *Progress {
	p := &Progress{err: s.Err, what: what, unit: unit, now: s.Time, start: s.Time()}
	p.next = p.start.Add(progressPause)
	var tty *os.File
	tty, p.shows = Terminal(s.Err)
	p.shows = p.shows && s.Getenv("TERM") != "dumb"
	p.width = func() int { return columns(tty) }
	return p
}

// Set records how much is done, and of how much; a total of 0 is unknown.
func (p *Progress) Set(done, total int64) {
	if !p.shows {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next, p.drawn = now.Add(progressPause), true
	fmt.Fprint(p.err, "\r\x1b[K", p.line(done, total, now.Sub(p.start)))
}

// line returns the text to show. It is shorter than the width of the terminal,
// because a line that wraps can't be removed.
func (p *Progress) line(done, total int64, took time.Duration) string {
	most := max(p.width()-1, 0)
	numbers := p.numbers(done, total, took)
	if total == 0 {
		return cut(p.what+" "+numbers, most)
	}
	part := 1.0
	if done < total {
		part = float64(done) / float64(total)
	}
	numbers = fmt.Sprintf("%3d%% %s", int(part*100), numbers)
	width := min(barWidth, most-len(p.what)-len(numbers)-len(" [] "))
	if width <= 0 {
		return cut(p.what+" "+strings.TrimLeft(numbers, " "), most)
	}
	full := int(part * float64(width))
	return fmt.Sprintf("%s [%s%s] %s", p.what, strings.Repeat("=", full), strings.Repeat(" ", width-full), numbers)
}

// numbers returns the amount done, the total if known, and the rate.
func (p *Progress) numbers(done, total int64, took time.Duration) string {
	rate := float64(done) / took.Seconds()
	of, megabytesOf := "", ""
	if total != 0 {
		of, megabytesOf = fmt.Sprintf("/%d", total), fmt.Sprintf("/%.1f", float64(total)/1e6)
	}
	switch p.unit {
	case Bytes:
		return fmt.Sprintf("%.1f%s MB, %.1f MB/s", float64(done)/1e6, megabytesOf, rate/1e6)
	case Seconds:
		return fmt.Sprintf("%d%s s", done, of)
	default:
		return fmt.Sprintf("%d%s, %d/s", done, of, int64(rate))
	}
}

// Line prints a line on the error stream.
func (p *Progress) Line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.err, text)
}

// Done removes the display.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) clear() {
	if p.drawn {
		fmt.Fprint(p.err, "\r\x1b[K")
	}
	p.drawn = false
}
