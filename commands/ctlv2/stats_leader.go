package ctlv2

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"etcdkit/printer"
)

var errNoLeader = errors.New("none of the endpoints is the leader's")

func newStatsLeader(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "leader",
		Short: "Show how fast the followers answer the leader",
		Long: `Show how fast each follower has answered the leader, in milliseconds, and how many
of its messages have failed. The endpoints are asked in turn until one is the
leader.`,
		Example: "  etcdctl -o table stats leader",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			p, err := a.printer(formatSimple, formatTable, formatJSON)
			if err != nil {
				return err
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			stat, err := a.askLeader(cmd.Context(), s)
			if err != nil {
				return serverFailure(err)
			}
			return p.Print(stat)
		},
	}
}

// askLeader asks the endpoints until one has the leader's statistics. The error
// is the first that is of anything else than of not being the leader.
func (a *app) askLeader(ctx context.Context, s *session) (leaderStats, error) {
	ctx, cancel := a.limit(ctx)
	defer cancel()
	var failed error
	for _, ep := range s.members() {
		stat, err := s.statistics(ctx, ep, "leader")
		if err == nil {
			return readLeaderStats(stat)
		}
		if stat.status != http.StatusForbidden {
			failed = cmp.Or(failed, err)
		}
	}
	return leaderStats{}, cmp.Or(failed, errNoLeader)
}

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
