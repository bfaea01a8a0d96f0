package live

import (
	"testing"
	"time"
)

// The page size settles where an answer takes its share of the time over a slow
// link, and stays large if a server is slow whatever the size.
func TestPace(t *testing.T) {
	t.Parallel()
	const timeout, most = 5 * time.Second, 2 << 20
	for name, c := range map[string]struct {
		took        func(bytes int64) time.Duration
		least, most int64 // from the tenth answer on
	}{
		"fast":        {func(int64) time.Duration { return 100 * time.Millisecond }, most, most},
		"slow link":   {func(n int64) time.Duration { return time.Duration(n) * time.Second / 100_000 }, 62_000, 125_000},
		"slow server": {func(int64) time.Duration { return 3 * time.Second }, most / 8, most},
		"both": {func(n int64) time.Duration {
			return time.Second + time.Duration(n)*time.Second/200_000
		}, 50_000, 800_000},
	} {
		p := newPace(timeout, most)
		for i := range 100 {
			n, _ := p.bytes()
			if i >= 10 && (n < c.least || n > c.most) {
				t.Errorf("%s: %d bytes in request %d, want %d to %d", name, n, i, c.least, c.most)
			}
			if took, begun := c.took(n), time.Now(); took < timeout {
				p.came(n, took)
			} else if !p.late(begun) {
				t.Errorf("%s: request %d is given up", name, i)
			}
		}
	}
}
