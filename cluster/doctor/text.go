package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// size writes a number of bytes as etcdctl's other commands do.
func size(bytes int64) string { return humanize.Bytes(uint64(max(bytes, 0))) }

// count writes a number with its noun: "1 member", "3 members".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// percent writes a share in whole percent.
func percent(part, whole int64) string { return fmt.Sprintf("%d%%", part*100/max(whole, 1)) }

// several is evidence that members have different values: "m1 and m3: 3.6.16;
// m2: 3.7.3", the most frequent value first.
type several struct{ of map[string][]string }

func (s *several) add(value, member string) {
	if s.of == nil {
		s.of = make(map[string][]string)
	}
	s.of[value] = append(s.of[value], member)
}

func (s *several) differ() bool { return len(s.of) > 1 }

func (s *several) String() string {
	var values []string
	for v := range s.of {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b string) int {
		if d := len(s.of[b]) - len(s.of[a]); d != 0 {
			return d
		}
		return strings.Compare(s.of[a][0], s.of[b][0])
	})
	for i, v := range values {
		values[i] = names(s.of[v]) + ": " + v
	}
	return strings.Join(values, "; ")
}

// names joins names: "m1, m2 and m3".
func names(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// shorter rounds a duration to what people read.
func shorter(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return count(int(d/(24*time.Hour)), "day")
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}

const statusOfAll = "etcdctl endpoint status --cluster -w table"
