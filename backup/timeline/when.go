package timeline

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a moment: RFC 3339, the same without a zone, which is UTC then,
// or a time ago such as "10 minutes ago" or "1h30m ago".
func ParseTime(s string, now time.Time) (time.Time, error) {
	text := strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	if before, ok := strings.CutSuffix(text, " ago"); ok {
		if d, err := parseAgo(before); err == nil {
			return now.Add(-d), nil
		}
	}
	if text == "now" {
		return now, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: give one such as 2026-11-30T02:14:00Z or \"10 minutes ago\"", s)
}

// parseAgo reads how long ago something was.
func parseAgo(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return d, nil
	}
	words := strings.Fields(s)
	if len(words) != 2 {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(words[0], 10, 31)
	if err != nil {
		return 0, err
	}
	units := map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}
	unit, ok := units[strings.TrimSuffix(words[1], "s")]
	if !ok || n > uint64((1<<62)/unit) { //nolint:gosec // units are positive
		return 0, strconv.ErrSyntax
	}
	return time.Duration(n) * unit, nil //nolint:gosec // checked above
}
