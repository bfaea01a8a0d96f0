package cli

import (
	"bytes"
	"testing"
	"time"
)

func TestBar(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	now := start
	var stderr bytes.Buffer
	b := Streams{Err: &stderr, Now: func() time.Time { return now }}.Bar("copied")
	b.shows = true // as if it were a terminal
	b.width = func() int { return 80 }
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
		b.Set(step.done, step.total)
		if got := stderr.String(); got != step.want {
			t.Errorf("after %v: got %q, want %q", step.after, got, step.want)
		}
	}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { b.Line("note") }, "\r\x1b[Knote\n"},
		{func() { b.Line("note") }, "note\n"},
		{func() { b.Done() }, ""},
		{func() { now = now.Add(time.Second); b.Set(1, 2) }, "\r\x1b[Kcopied [===============               ]  50% 1/2, 0/s"},
		{func() { b.Done() }, "\r\x1b[K"},
		{func() { b.Done() }, ""},
	} {
		stderr.Reset()
		step.do()
		if got := stderr.String(); got != step.want {
			t.Errorf("got %q, want %q", got, step.want)
		}
	}
}

func TestBarInPipe(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	var stderr bytes.Buffer
	b := Streams{Err: &stderr, Now: func() time.Time { now = now.Add(time.Hour); return now }}.Bar("copied")
	b.Set(1, 2)
	b.Line("note")
	b.Done()
	if got := stderr.String(); got != "note\n" {
		t.Errorf("got %q on what is no terminal", got)
	}
}

func TestBarOnANarrowTerminal(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		80: "seconds [===============               ]  50% 30/60, 1/s",
		60: "seconds [===============               ]  50% 30/60, 1/s",
		57: "seconds [===============               ]  50% 30/60, 1/s",
		40: "seconds [======       ]  50% 30/60, 1/s",
		29: "seconds [= ]  50% 30/60, 1/s",
		27: "seconds 50% 30/60, 1/s",
		10: "seconds 5",
		1:  "",
		0:  "",
	} {
		b := &Bar{what: "seconds", width: func() int { return width }}
		if got := b.line(30, 60, 1); got != want {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
	b := &Bar{what: "copied", width: func() int { return 12 }}
	if got := b.line(1234567, 0, 1); got != "copied 1234" {
		t.Errorf("%q", got)
	}
}
