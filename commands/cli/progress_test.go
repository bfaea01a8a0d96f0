package cli

import (
	"bytes"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	now := start
	var stderr bytes.Buffer
	p := Streams{Err: &stderr, Now: func() time.Time { return now }}.Progress("copied", Items)
	p.shows = true // as if it were a terminal
	p.width = func() int { return 80 }
	for _, step := range []struct {
		after       time.Duration
		done, total int64
		want        string
	}{
		{0, 1, 10, ""},
		{199 * time.Millisecond, 2, 10, ""},
		{200 * time.Millisecond, 3, 10, "\r\x1b[Kcopied [=========                     ]  30% 3/10, 15/s"},
		{399 * time.Millisecond, 4, 10, ""},
		{time.Second, 0, 10, "\r\x1b[Kcopied [                              ]   0% 0/10, 0/s"},
		{2 * time.Second, 199_999, 200_000, "\r\x1b[Kcopied [============================= ]  99% 199999/200000, 99999/s"},
		{3 * time.Second, 10, 10, "\r\x1b[Kcopied [==============================] 100% 10/10, 3/s"},
		{4 * time.Second, 11, 10, "\r\x1b[Kcopied [==============================] 100% 11/10, 2/s"},
		{5 * time.Second, 50, 0, "\r\x1b[Kcopied 50, 10/s"},
	} {
		now = start.Add(step.after)
		stderr.Reset()
		p.Set(step.done, step.total)
		if got := stderr.String(); got != step.want {
			t.Errorf("after %v: got %q, want %q", step.after, got, step.want)
		}
	}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { p.Line("note") }, "\r\x1b[Knote\n"},
		{func() { p.Line("note") }, "note\n"},
		{func() { p.Done() }, ""},
		{func() { now = now.Add(time.Second); p.Set(1, 2) }, "\r\x1b[Kcopied [===============               ]  50% 1/2, 0/s"},
		{func() { p.Done() }, "\r\x1b[K"},
		{func() { p.Done() }, ""},
	} {
		stderr.Reset()
		step.do()
		if got := stderr.String(); got != step.want {
			t.Errorf("got %q, want %q", got, step.want)
		}
	}
}

func TestProgressInPipe(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	var stderr bytes.Buffer
	p := Streams{Err: &stderr, Now: func() time.Time { now = now.Add(time.Hour); return now }}.Progress("copied", Items)
	p.Set(1, 2)
	p.Line("note")
	p.Done()
	if got := stderr.String(); got != "note\n" {
		t.Errorf("got %q on a stream that is not a terminal", got)
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		what        string
		unit        Unit
		width       int
		done, total int64
		want        string
	}{
		{"running", Seconds, 80, 30, 60, "running [===============               ]  50% 30/60 s"},
		{"running", Seconds, 54, 30, 60, "running [===============               ]  50% 30/60 s"},
		{"running", Seconds, 40, 30, 60, "running [========        ]  50% 30/60 s"},
		{"running", Seconds, 26, 30, 60, "running [= ]  50% 30/60 s"},
		{"running", Seconds, 24, 30, 60, "running 50% 30/60 s"},
		{"running", Seconds, 10, 30, 60, "running 5"},
		{"running", Seconds, 1, 30, 60, ""},
		{"running", Seconds, 0, 30, 60, ""},
		{"copied", Items, 12, 1234567, 0, "copied 1234"},
		{"received", Bytes, 80, 12_345_678, 0, "received 12.3 MB, 6.2 MB/s"},
		{"received", Bytes, 80, 10_000_000, 20_000_000, "received [===============               ]  50% 10.0/20.0 MB, 5.0 MB/s"},
	} {
		p := &Progress{what: tt.what, unit: tt.unit, width: func() int { return tt.width }}
		if got := p.line(tt.done, tt.total, 2*time.Second); got != tt.want {
			t.Errorf("%d columns: %q, want %q", tt.width, got, tt.want)
		}
	}
}
