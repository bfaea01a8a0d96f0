package ctlv2

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

func newStats(a *app) *cobra.Command {
	return family("stats", "Show the statistics that servers keep",
		newStatsLeader(a),
		newStatsOf(a, "self", "Show what each member has done since it started",
			"Show of each member its state, its leader, and how many requests of the\ncluster's agreement it has sent and received."),
		newStatsOf(a, "store", "Show how many requests each member has seen",
			"Show of each member how many reads and writes of each kind have succeeded and\nfailed there, and how many watchers it has. Reads count where they were served,\nwrites everywhere."))
}

// newStatsOf returns the command for statistics that each member keeps for
// itself.
func newStatsOf(a *app, name, short, long string) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Long:  long,
		Example: "  etcdctl stats " + name + "\n" +
			"  etcdctl -o table stats " + name,
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
			got, failed := a.askAll(cmd.Context(), s, name)
			if err := p.Print(got); err != nil {
				return err
			}
			return failed
		},
	}
}

// askAll asks every endpoint for a page of statistics, side by side. One that
// fails is named on the error stream, and makes the command fail.
func (a *app) askAll(ctx context.Context, s *session, name string) (memberStats, error) {
	ctx, cancel := a.limit(ctx)
	defer cancel()
	eps := s.members()
	all, errs := make(memberStats, len(eps)), make([]error, len(eps))
	var asked sync.WaitGroup
	for i, ep := range eps {
		asked.Go(func() { all[i], errs[i] = s.statistics(ctx, ep, name) })
	}
	asked.Wait()
	var got memberStats
	var failed error
	for i, err := range errs {
		if err == nil {
			got = append(got, all[i])
			continue
		}
		fmt.Fprintf(cli.Visible(a.streams.Err), "%s: %v\n", eps[i], explain(err))
		failed = cli.Reported(serverError, err)
	}
	return got, failed
}

// statistics asks one endpoint for a page of statistics.
func (s *session) statistics(ctx context.Context, ep, name string) (memberStat, error) {
	resp, body, err := s.fetch(ctx, ep, "/v2/stats/"+name)
	if err != nil {
		return memberStat{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return memberStat{status: resp.StatusCode}, readError(resp, body)
	}
	fields, err := flatten(body)
	return memberStat{Endpoint: ep, Stats: body, fields: fields}, err
}

// memberStat is a page of statistics of one member.
type memberStat struct {
	Endpoint string          `json:"endpoint"`
	Stats    json.RawMessage `json:"stats"`
	fields   []field
	status   int // of an answer that was an error
}

type memberStats []memberStat

// Simple prints a block a member.
func (all memberStats) Simple(t *printer.Text) {
	for _, m := range all {
		t.Line(m.Endpoint)
		for _, f := range m.fields {
			t.Line("\t" + f.name + ": " + f.value)
		}
	}
}

// Table prints a value a row.
func (all memberStats) Table(g *printer.Grid) {
	g.Header("endpoint", "field", "value")
	for _, m := range all {
		for _, f := range m.fields {
			g.Row(m.Endpoint, f.name, f.value)
		}
	}
}

// JSON prints an array with the servers' own documents.
func (all memberStats) JSON(t *printer.Text) {
	if all == nil {
		all = memberStats{}
	}
	appendJSON(t, all)
}
