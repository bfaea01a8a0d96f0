package ctlv2

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

func newHealth(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Show health and version of each endpoint",
		Long: `Show for each endpoint whether it is healthy, the version of its server and the
version that the cluster has agreed on. The endpoints are those that the members
have published, or with --no-sync those given. The exit code is 5 unless all are
healthy.`,
		Example: `  etcdctl health
  etcdctl --no-sync --endpoints http://10.0.0.1:2379 -o json health`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			return a.health(cmd.Context())
		},
	}
}

func (a *app) health(ctx context.Context) error {
	p, err := a.printer(formatSimple, formatTable, formatJSON)
	if err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	limited, cancel := a.limit(ctx)
	defer cancel()
	if !a.flags.noSync {
		// If no endpoint lists the members, the endpoints given are checked.
		_ = s.Sync(limited)
	}
	eps := s.members()
	all := make(healths, len(eps))
	var asked sync.WaitGroup
	for i, ep := range eps {
		asked.Go(func() { all[i] = s.endpointHealth(limited, ep, a.streams.Time) })
	}
	asked.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := p.Print(all); err != nil {
		return err
	}
	for _, h := range all {
		if !h.Health {
			return cli.Reported(notHealthy, errNotHealthy)
		}
	}
	return nil
}

// endpointHealth is how one endpoint is.
type endpointHealth struct {
	Endpoint string `json:"endpoint"`
	Health   bool   `json:"health"`
	Server   string `json:"server,omitempty"`
	Cluster  string `json:"cluster,omitempty"`
	Took     string `json:"took"`
	Error    string `json:"error,omitempty"`
}

// endpointHealth asks one endpoint. now is the clock.
func (s *session) endpointHealth(ctx context.Context, ep string, now func() time.Time) endpointHealth {
	start := now()
	h := endpointHealth{Endpoint: ep}
	var version struct{ Etcdserver, Etcdcluster string }
	err := s.get(ctx, ep, "/version", &version)
	if err == nil {
		h.Server, h.Cluster = version.Etcdserver, version.Etcdcluster
		var health struct {
			Health json.RawMessage
			Reason string
		}
		if err = s.get(ctx, ep, "/health", &health); err == nil {
			h.Health = string(health.Health) == `"true"` || string(health.Health) == "true"
			if !h.Health {
				err = errors.New(cmp.Or(health.Reason, "the server says so"))
			}
		}
	}
	h.Took = now().Sub(start).String()
	if err != nil {
		h.Error = explain(err).Error()
	}
	return h
}

// get reads a JSON document from one endpoint, also one that comes with an
// error's status.
func (s *session) get(ctx context.Context, ep, path string, into any) error {
	_, body, err := s.fetch(ctx, ep, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

type healths []endpointHealth

// Simple prints an endpoint a line.
func (all healths) Simple(t *printer.Text) {
	for _, h := range all {
		if h.Health {
			t.Line(fmt.Sprintf("%s is healthy: server %s, cluster %s, took %s", h.Endpoint, h.Server, h.Cluster, h.Took))
		} else {
			t.Line(fmt.Sprintf("%s is unhealthy: %s", h.Endpoint, h.Error))
		}
	}
}

// Table prints an endpoint a row.
func (all healths) Table(g *printer.Grid) {
	g.Header("endpoint", "health", "server", "cluster", "took", "error")
	for _, h := range all {
		g.Row(h.Endpoint, strconv.FormatBool(h.Health), h.Server, h.Cluster, h.Took, h.Error)
	}
}

// JSON prints an array.
func (all healths) JSON(t *printer.Text) { appendJSON(t, all) }
