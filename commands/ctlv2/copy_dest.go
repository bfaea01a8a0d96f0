package ctlv2

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/retry"
	"etcdkit/keyspace/transfer"
)

// copyDest is v3's side.
type copyDest struct {
	options *copyOptions
	app     *app
	retry   *retry.Retrier
	client  *conn.Client // nil until it is open
}

// open connects to v3, at the given endpoints unless --dest names others. v2's
// certificates are good for those.
func (d *copyDest) open(ctx context.Context, eps []string) (transfer.KV, error) {
	o, f := d.options, &d.app.flags
	if o.dest != "" {
		eps = strings.Split(o.dest, ",")
	} else {
		o.to.Inherit(f.certFile, f.keyFile, f.caFile, f.keyPasswordFile)
	}
	dialer, err := limits(f).DialerTo(ctx, d.app.streams, eps, &o.to)
	if err != nil {
		return nil, err
	}
	if d.client, err = dialer.FailFast().Dial(ctx); err != nil {
		return nil, fmt.Errorf("in v3: %w", err)
	}
	d.retry.Explain = d.explain
	return fence.Cluster{Client: d.client.Client}, nil
}

// limits are those of v3's connections: the server reports requests that are
// too large.
func limits(f *globalFlags) *conn.Flags {
	all, fs := &conn.Flags{}, pflag.NewFlagSet("", pflag.ContinueOnError)
	all.AddTo(fs)
	for name, value := range map[string]string{
		"max-request-bytes": strconv.Itoa(math.MaxInt32), "dial-timeout": f.totalTimeout.String(), "debug": strconv.FormatBool(f.debug),
	} {
		if err := fs.Set(name, value); err != nil {
			panic(err) // a flag there is, and a value of its type
		}
	}
	return all
}

// explain gives the error of a request of v3 its cause and its exit code.
func (d *copyDest) explain(err error) error {
	return cli.Exit(serverError, fmt.Errorf("in v3: %w", d.client.Explain(err)))
}

func (d *copyDest) close() {
	if d.client != nil {
		d.client.Close() //nolint:errcheck,gosec // nothing is under way any more
	}
}
