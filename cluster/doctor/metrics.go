package doctor

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Metrics are the samples of a server's metrics that checks look at, by name.
type Metrics map[string][]Sample

// Sample is one value of a metric.
type Sample struct {
	Labels string // as in the text, such as op="PUT",success="true"
	Value  float64
}

// maxMetrics bounds the size of a server's metrics, in bytes.
const maxMetrics = 16 << 20

// ReadMetrics reads metrics in the text format of Prometheus (version 0.0.4)
// and keeps those of etcd and of its process. A line that it can't read is
// skipped, and so is everything after 16 MiB.
func ReadMetrics(r io.Reader) (Metrics, error) {
	all := make(Metrics)
	lines := bufio.NewScanner(io.LimitReader(r, maxMetrics))
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "etcd_") && !strings.HasPrefix(line, "process_") {
			continue
		}
		if name, s, ok := sample(line); ok {
			all[name] = append(all[name], s)
		}
	}
	return all, lines.Err()
}

// sample reads one line: name, labels in braces, value.
func sample(line string) (name string, s Sample, ok bool) {
	end := strings.IndexAny(line, "{ ")
	if end < 0 {
		return "", s, false
	}
	name, rest := line[:end], line[end:]
	if rest[0] == '{' {
		closing := strings.LastIndexByte(rest, '}')
		if closing < 0 {
			return "", s, false
		}
		s.Labels, rest = rest[1:closing], rest[closing+1:]
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return "", s, false
	}
	var err error
	s.Value, err = strconv.ParseFloat(fields[0], 64)
	return name, s, err == nil
}

// Value returns the sum of a metric's samples.
func (m Metrics) Value(name string) (sum float64, ok bool) {
	for _, s := range m[name] {
		sum += s.Value
	}
	return sum, len(m[name]) > 0
}

// Label returns a label of the first sample of a metric, or "".
func (m Metrics) Label(name, label string) string {
	for _, s := range m[name] {
		return s.label(label)
	}
	return ""
}

func (s Sample) label(name string) string {
	_, rest, found := strings.Cut(","+s.Labels, ","+name+`="`)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// Quantile returns the upper bound of the bucket of a histogram that contains
// the given part of all observations, of every label together, and the number
// of observations. An observation above all buckets counts as twice the highest
// bound.
func (m Metrics) Quantile(name string, part float64) (bound time.Duration, count float64) {
	buckets := make(map[float64]float64)
	highest := 0.0
	for _, s := range m[name+"_bucket"] {
		le, err := strconv.ParseFloat(s.label("le"), 64)
		if err != nil {
			continue
		}
		buckets[le] += s.Value
		if !math.IsInf(le, 1) {
			highest = max(highest, le)
		}
	}
	count = buckets[math.Inf(1)]
	best := math.Inf(1)
	for le, n := range buckets {
		if n >= part*count && le < best {
			best = le
		}
	}
	if math.IsInf(best, 1) {
		best = 2 * highest
	}
	return time.Duration(best * float64(time.Second)), count
}
