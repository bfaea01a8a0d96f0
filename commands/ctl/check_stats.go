package ctl

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"etcdkit/commands/conn"
)

// checkStats are the times of puts. It may be used from several goroutines
// until the load has ended.
type checkStats struct {
	total time.Duration // of the load

	mu       sync.Mutex
	n        int     // successes
	slowest  float64 // all of these in seconds
	mean     float64
	deviance float64 // sum of squared differences from the mean
	errors   map[string]int
	puts     int
	spread   map[time.Duration]int // successes by their time, rounded up to two digits
}

// add notes a put and returns how many there were.
func (s *checkStats) add(took time.Duration, err error) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	if err != nil {
		s.errors[conn.Bare(err).Error()]++
		return s.puts
	}
	seconds := took.Seconds()
	s.n++
	if s.spread != nil {
		s.spread[roundUp(took)]++
	}
	s.slowest = max(s.slowest, seconds)
	away := seconds - s.mean
	s.mean += away / float64(s.n) // Welford's method: no list of all times
	s.deviance += away * (seconds - s.mean)
	return s.puts
}

// roundUp rounds a time up to two decimal digits, so that there are few
// different ones.
func roundUp(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 100 {
		unit *= 10
	}
	return (d + unit - 1) / unit * unit
}

// distribution returns lines on how long the successful puts took and which
// errors there were.
func (s *checkStats) distribution() []string {
	lines := []string{fmt.Sprintf("Requests: %d, succeeded: %d, failed: %d", s.puts, s.n, s.puts-s.n)}
	times := slices.Sorted(maps.Keys(s.spread))
	for _, permille := range []int{500, 900, 950, 990, 999, 1000} {
		seen := 0
		for _, d := range times {
			if seen += s.spread[d]; seen*1000 >= permille*s.n {
				lines = append(lines, fmt.Sprintf("%5.1f%% took at most %fs", float64(permille)/10, d.Seconds()))
				break
			}
		}
	}
	for _, text := range slices.Sorted(maps.Keys(s.errors)) {
		lines = append(lines, fmt.Sprintf("%d failed: %s", s.errors[text], text))
	}
	return lines
}

// rate returns the successful puts per second.
func (s *checkStats) rate() float64 { return float64(s.n) / s.total.Seconds() }

// stddev returns the standard deviation, which is not a number where nothing
// has succeeded.
func (s *checkStats) stddev() float64 { return math.Sqrt(s.deviance / float64(s.n)) }

// failures returns upstream's lines about failures, none if there were none.
func (s *checkStats) failures() []string {
	if len(s.errors) == 0 {
		return nil
	}
	lines := []string{"FAIL: too many errors"}
	for _, text := range slices.Sorted(maps.Keys(s.errors)) {
		lines = append(lines, fmt.Sprintf("FAIL: ERROR(%s) -> %d", text, s.errors[text]))
	}
	return lines
}

// The bounds between PASS and FAIL.
const (
	checkLeastRate  = 0.9 // of the rate that was tried
	checkMostTime   = 0.5 // seconds
	checkMostStddev = 0.1 // seconds
)

// verdict returns upstream's lines on a load of so many puts per second, the
// last of which says whether the check was passed.
func (s *checkStats) verdict(rate int) (lines []string, passed bool) {
	lines = s.failures()
	passed = lines == nil
	say := func(ok bool, format string, value any) {
		passed = passed && ok
		lines = append(lines, fmt.Sprintf(format, value))
	}
	if achieved := s.rate(); achieved/float64(rate) <= checkLeastRate {
		say(false, "FAIL: Throughput too low: %d writes/s", int(achieved)+1)
	} else {
		say(true, "PASS: Throughput is %d writes/s", int(achieved)+1)
	}
	if s.slowest > checkMostTime {
		say(false, "Slowest request took too long: %fs", s.slowest)
	} else {
		say(true, "PASS: Slowest request took %fs", s.slowest)
	}
	if d := s.stddev(); d > checkMostStddev {
		say(false, "Stddev too high: %fs", d)
	} else {
		say(true, "PASS: Stddev is %fs", d)
	}
	if passed {
		return append(lines, "PASS"), true
	}
	return append(lines, "FAIL"), false
}
