package ctlv2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
)

// healthPause is the time between two rounds of cluster-health -f.
const healthPause = 10 * time.Second

func newClusterHealth(a *app) *cobra.Command {
	var forever bool
	cmd := &cobra.Command{
		Use:   "cluster-health [options]",
		Short: "Check the health of each member",
		Long: `Check the health of each member at the client URLs that it has published. The
exit code is 5 unless all are healthy. See "etcdctl health" for the versions.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !forever {
				return a.clusterHealth(cmd.Context(), 0)
			}
			return untilInterrupted(cmd, func(ctx context.Context) error { return a.clusterHealth(ctx, healthPause) })
		},
	}
	cmd.Flags().BoolVarP(&forever, "forever", "f", false, "every ten seconds, until interrupted")
	return cmd
}

var errNotHealthy = errors.New("not every member is healthy")

// clusterHealth checks all members, repeatedly if there is a pause.
func (a *app) clusterHealth(ctx context.Context, again time.Duration) error {
	tr, err := a.transport(ctx)
	if err != nil {
		return serverFailure(err) // only here it is not 1
	}
	s, err := a.openOn(ctx, tr)
	if err != nil {
		return err
	}
	a.debugf("Cluster-Endpoints: %s", strings.Join(s.Endpoints(), ", "))
	members, err := client.NewMembersAPI(s).List(ctx)
	if err != nil {
		if err := a.print("cluster may be unhealthy: failed to list members\n"); err != nil {
			return err
		}
		return serverFailure(err)
	}
	for {
		healthy, err := a.healthOf(ctx, s, members)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case again == 0 && !healthy:
			return cli.Reported(notHealthy, errNotHealthy)
		case again == 0:
			return nil
		}
		if err := a.print("\nnext check after 10 second...\n\n"); err != nil {
			return err
		}
		if pause(ctx, again); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// healthOf checks the members one by one and sums up whether all are healthy.
func (a *app) healthOf(ctx context.Context, s *session, members []client.Member) (bool, error) {
	healthy := 0
	for _, m := range members {
		if a.memberHealth(ctx, s, m) {
			healthy++
		}
	}
	state := "degraded"
	switch healthy {
	case len(members):
		state = "healthy"
	case 0:
		state = "unavailable"
	}
	if ctx.Err() != nil {
		return false, nil // it is not the members' fault
	}
	return healthy == len(members), a.print("cluster is " + state + "\n")
}

// memberHealth checks one member and prints the result: the first of its URLs
// that answers decides.
func (a *app) memberHealth(ctx context.Context, s *session, m client.Member) bool {
	if len(m.ClientURLs) == 0 {
		fmt.Fprintf(cli.Visible(a.streams.Out), "member %s is unreachable: no available published client urls\n", m.ID)
		return false
	}
	for _, u := range m.ClientURLs {
		limited, cancel := a.limit(ctx)
		healthy, err := askHealth(limited, s, u)
		cancel()
		switch {
		case err != nil:
			fmt.Fprintf(cli.Visible(a.streams.Out), "failed to check the health of member %s on %s: %v\n", m.ID, u, err)
			continue
		case healthy:
			fmt.Fprintf(cli.Visible(a.streams.Out), "member %s is healthy: got healthy result from %s\n", m.ID, u)
		default:
			fmt.Fprintf(cli.Visible(a.streams.Out), "member %s is unhealthy: got unhealthy result from %s\n", m.ID, u)
		}
		return healthy
	}
	fmt.Fprintf(cli.Visible(a.streams.Out), "member %s is unreachable: %v are all unreachable\n", m.ID, m.ClientURLs)
	return false
}

// askHealth asks one URL for the health of its member.
func askHealth(ctx context.Context, s *session, u string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u+"/health", nil)
	if err != nil {
		return false, err
	}
	resp, err := (&http.Client{Transport: s.tr.Transport}).Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return false, err
	}
	return parseHealth(body)
}

// parseHealth reads the answer of /health: {"health":"true"}, and from servers
// up to 3.2 {"health":true}.
func parseHealth(body []byte) (bool, error) {
	var text struct{ Health string }
	if json.Unmarshal(body, &text) == nil {
		return text.Health == "true", nil
	}
	var plain struct{ Health bool }
	err := json.Unmarshal(body, &plain)
	return plain.Health, err
}
