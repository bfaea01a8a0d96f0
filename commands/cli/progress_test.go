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
	p := Streams{Err: &stderr, Now: func() time.Time { return now }}.Progress("received")
	p.w = &stderr // as if it were a terminal
	p.width = func() int { return 80 }
	for _, step := range []struct {
		after time.Duration
		bytes int64
		want  string
	}{
		{0, 1_000_000, ""},
		{199 * time.Millisecond, 2_000_000, ""},
		{200 * time.Millisecond, 3_000_000, "\r\x1b[Kreceived 3.0 MB, 15.0 MB/s"},
		{399 * time.Millisecond, 4_000_000, ""},
		{2 * time.Second, 12_345_678, "\r\x1b[Kreceived 12.3 MB, 6.2 MB/s"},
		{2*time.Second + 1, 12_345_679, ""},
	} {
		now = start.Add(step.after)
		stderr.Reset()
		p.Bytes(step.bytes)
		if got := stderr.String(); got != step.want {
			t.Errorf("after %v: got %q, want %q", step.after, got, step.want)
		}
	}
	stderr.Reset()
	p.Done()
	if got, want := stderr.String(), "\r\x1b[K"; got != want {
		t.Errorf("done: got %q, want %q", got, want)
	}
}

func TestProgressInPipe(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	var stderr bytes.Buffer
	p := Streams{Err: &stderr, Now: func() time.Time { now = now.Add(time.Hour); return now }}.Progress("received")
	p.Bytes(1)
	p.Done()
	if stderr.Len() > 0 {
		t.Errorf("got %q on what is no terminal", stderr.String())
	}
}
