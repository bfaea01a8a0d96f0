package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newCheck(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check <subcommand>",
		Short: "Run performance, capacity and consistency checks",
	}
	cmd.AddCommand(newCheckPerf(a), newCheckDatascale(a), newCheckConsistency(a))
	return cmd
}

// checkOptions are the flags of both checks.
type checkOptions struct {
	load, prefix            string
	autoCompact, autoDefrag bool
}

func (o *checkOptions) addFlags(fs *pflag.FlagSet, prefix string) {
	fs.StringVar(&o.load, "load", "s", "how much `load`: s (small), m (medium), l (large) or xl (xLarge)")
	fs.StringVar(&o.prefix, "prefix", prefix, "prefix of the keys to write; no keys may have it yet")
	fs.BoolVar(&o.autoCompact, "auto-compact", false, "compact the history when the keys are deleted again")
	fs.BoolVar(&o.autoDefrag, "auto-defrag", false, "defragment every endpoint at the end")
}

// The loads, in the order of upstream's table.
const (
	loadSmall = iota
	loadMedium
	loadLarge
	loadXLarge
)

// size reads --load.
func (o *checkOptions) size() (int, error) {
	size, ok := map[string]int{
		"s": loadSmall, "small": loadSmall, "m": loadMedium, "medium": loadMedium,
		"l": loadLarge, "large": loadLarge, "xl": loadXLarge, "xLarge": loadXLarge,
	}[o.load]
	if !ok {
		return 0, cli.Exit(cli.BadFeature, fmt.Errorf("unknown load option %s: use s, m, l or xl", o.load))
	}
	return size, nil
}

// completeLoad makes shells offer the loads.
func completeLoad(cmd *cobra.Command) {
	cli.CompleteFlag(cmd, "load", "small", "medium", "large", "xLarge")
}

// check is one run of a check: its clients and its output.
type check struct {
	opts    *checkOptions
	app     *app
	out     *printer.Printer
	dialer  *conn.Dialer
	clients []*conn.Client
	verbose bool // check perf prints the distribution of times
}

// openCheck dials the clients that a load requires, each with its own
// connection. The caller closes them.
func openCheck(a *app, cmd *cobra.Command, o *checkOptions, clients int) (*check, error) {
	d, p, err := a.dialer(cmd)
	if err != nil {
		return nil, err
	}
	c := &check{opts: o, app: a, out: p, dialer: d}
	for range clients {
		client, err := d.Dial(cmd.Context())
		if err != nil {
			c.close()
			return nil, err
		}
		c.clients = append(c.clients, client)
	}
	return c, nil
}

func (c *check) close() {
	for _, client := range c.clients {
		_ = client.Close() // the answers are in
	}
}

// print prints a line at once.
func (c *check) print(format string, args ...any) error {
	return c.out.Print(view.Line(fmt.Sprintf(format, args...)))
}

var errCheckFailed = errors.New("check failed")

// lines prints lines, and returns the error of a check that failed unless it
// passed.
func (c *check) lines(lines []string, passed bool) error { //nolint:revive // the verdict is data
	for _, line := range lines {
		if err := c.print("%s", line); err != nil {
			return err
		}
	}
	if !passed {
		return cli.Reported(cli.Failure, errCheckFailed)
	}
	return nil
}

// unused returns an error if there are keys with the prefix. It quotes the
// command that deletes them, which upstream does for one check only.
func (c *check) unused(ctx context.Context, quote string) error {
	ctx, cancel := c.app.limit(ctx)
	defer cancel()
	resp, err := c.clients[0].Get(ctx, c.opts.prefix, clientv3.WithPrefix(), clientv3.WithLimit(1))
	if err != nil {
		return c.clients[0].Explain(err)
	}
	if len(resp.Kvs) > 0 {
		return cli.Exit(cli.InvalidInput, fmt.Errorf("prefix %[1]q has keys. Delete with %[2]setcdctl del --prefix %[1]s%[2]s first", c.opts.prefix, quote))
	}
	return nil
}
