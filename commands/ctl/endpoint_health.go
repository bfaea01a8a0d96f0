package ctl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer/view"
)

// health is the outcome of one health check.
type health struct {
	took time.Duration
	err  error // in upstream's words
}

// checkHealth returns the question whether an endpoint is healthy, on the given
// clock. It reads a key, which requires a quorum, and looks for alarms. A denied
// read is as good as a read: that decision went through the quorum as well.
func checkHealth(now func() time.Time) cluster.Question[health] {
	return func(ctx context.Context, c *clientv3.Client, _ string) (health, error) {
		start := now()
		_, err := c.Get(ctx, "health")
		took := now().Sub(start)
		if err != nil && !errors.Is(err, rpctypes.ErrPermissionDenied) {
			return health{took, conn.Bare(err)}, err
		}
		resp, err := c.AlarmList(ctx)
		if err != nil {
			unknown := errors.New("Unable to fetch the alarm list") //nolint:staticcheck // upstream's words
			return health{took, unknown}, fmt.Errorf("%w: %w", unknown, err)
		}
		if len(resp.Alarms) > 0 {
			err = alarmError(resp.Alarms)
		}
		return health{took, err}, err
	}
}

// alarmError names the alarms in upstream's words, which end in a blank.
func alarmError(alarms []*etcdserverpb.AlarmMember) error {
	var text strings.Builder
	text.WriteString("Active Alarm(s): ")
	for _, alarm := range alarms {
		switch alarm.GetAlarm() {
		case etcdserverpb.AlarmType_NOSPACE, etcdserverpb.AlarmType_CORRUPT:
			text.WriteString(alarm.GetAlarm().String() + " ")
		default:
			text.WriteString("UNKNOWN ")
		}
	}
	return errors.New(text.String())
}

// healthView is the result that the formats show. It has the bare error of a
// request, which scripts may search for; the cause is written to standard error
// only.
func healthView(answers []cluster.Answer[health]) view.EndpointHealth {
	var v view.EndpointHealth
	for _, got := range answers {
		one := view.Health{Endpoint: got.Endpoint, Asked: got.Dialed, Took: got.Value.took}
		if err := got.Value.err; err != nil {
			one.Error = err.Error()
		} else if got.Err != nil {
			one.Error = got.Err.Error()
		}
		v = append(v, one)
	}
	return v
}

func newEndpointHealth(a *app, o *endpointOptions) *cobra.Command {
	return curlRefuses(&cobra.Command{
		Use:   "health",
		Short: "Check whether each endpoint can serve requests",
		Long: `Check that a key can be read through each endpoint, which requires a quorum, and
that no alarm is raised. An unhealthy endpoint is named on standard error with
the cause, and the exit code is then 1.`,
		Example: `  etcdctl endpoint health --cluster
  etcdctl endpoint health --endpoints 10.0.0.7:2379,10.0.0.8:2379 -w json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, answers, err := askEndpoints(cmd, a, &endpointOptions{cluster: o.cluster, ownLogins: true}, checkHealth(a.streams.Time))
			if err != nil {
				return err
			}
			if err := p.Print(healthView(answers)); err != nil {
				return err
			}
			for _, got := range answers {
				if got.Err != nil {
					fmt.Fprintf(cli.Visible(a.streams.Err), "%s is unhealthy: failed to commit proposal: %v\n", got.Endpoint, got.Err)
					err = errors.New("unhealthy cluster")
				}
			}
			return err
		},
	}, "it makes several requests; curl can ask an endpoint for /health")
}
