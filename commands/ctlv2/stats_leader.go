package ctlv2

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"etcdkit/printer"
)

// leaderStats are the statistics that the leader has of its followers.
type leaderStats struct {
	memberStat
	followers map[string]followerStats
}

// followerStats has latencies in milliseconds.
type followerStats struct {
	Latency struct {
		Current, Average, StandardDeviation, Minimum, Maximum float64
	}
	Counts struct{ Fail, Success uint64 }
}

func readLeaderStats(m memberStat) (leaderStats, error) {
	var doc struct{ Followers map[string]followerStats }
	err := json.Unmarshal(m.Stats, &doc)
	return leaderStats{m, doc.Followers}, err
}

// Simple prints a block, as the other statistics do.
func (l leaderStats) Simple(t *printer.Text) { memberStats{l.memberStat}.Simple(t) }

// JSON prints the same object that the other statistics have an array of.
func (l leaderStats) JSON(t *printer.Text) { appendJSON(t, l.memberStat) }

// Table prints a follower a row.
func (l leaderStats) Table(g *printer.Grid) {
	g.Header("follower", "current", "average", "deviation", "minimum", "maximum", "success", "fail")
	ms := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
	for _, id := range slices.Sorted(maps.Keys(l.followers)) {
		f := l.followers[id]
		g.Row(id, ms(f.Latency.Current), ms(f.Latency.Average), ms(f.Latency.StandardDeviation),
			ms(f.Latency.Minimum), ms(f.Latency.Maximum),
			strconv.FormatUint(f.Counts.Success, 10), strconv.FormatUint(f.Counts.Fail, 10))
	}
}
