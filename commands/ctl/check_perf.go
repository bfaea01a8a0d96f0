package ctl

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
)

// perfLoad is a load of check perf.
type perfLoad struct{ rate, clients int }

// perfLoads are upstream's, by size.
func perfLoads() [loadXLarge + 1]perfLoad {
	return [...]perfLoad{loadSmall: {150, 50}, loadMedium: {1000, 200}, loadLarge: {8000, 500}, loadXLarge: {15000, 1000}}
}

const (
	perfTime      = 60 * time.Second
	perfKeySize   = 256
	perfValueSize = 1024
)

func newCheckPerf(a *app) *cobra.Command {
	o, verbose := &checkOptions{}, false
	cmd := &cobra.Command{
		Use:   "perf [options]",
		Short: "Check the write performance of the cluster",
		Long: `Write for a minute at the rate that --load sets, and report whether the cluster
kept up: at least nine tenths of the rate, no write slower than half a second,
and a standard deviation of at most 100 ms.

  load  writes/s  clients
  s          150       50
  m         1000      200
  l         8000      500
  xl       15000     1000

An interruption ends the check early, with a verdict on the writes until then.
The keys are always deleted at the end. With --verbose, percentiles of the times
and the errors come before the verdict.`,
		Example: `  etcdctl check perf
  etcdctl check perf --load m --auto-compact --auto-defrag`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			size, err := o.size()
			if err != nil {
				return err
			}
			load := perfLoads()[size]
			c, err := openCheck(a, cmd, o, load.clients)
			if err != nil {
				return err
			}
			defer c.close()
			ctx, stop := cli.Interruptible(cmd.Context())
			defer stop()
			c.verbose = verbose
			return c.perf(ctx, load.rate, perfTime)
		},
	}
	o.addFlags(cmd.Flags(), "/etcdctl-check-perf/")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "also print the distribution of times and the errors")
	completeLoad(cmd)
	return cmd
}

// perf puts a load on the cluster for a time and prints the verdict. As with
// upstream, an interruption ends it early, and the verdict on the writes until
// then is the result.
func (c *check) perf(ctx context.Context, rate int, length time.Duration) error {
	begun := time.Now()
	if err := c.unused(ctx, "'"); err != nil {
		return err
	}
	loading, cancel := context.WithDeadline(ctx, begun.Add(length))
	defer cancel()
	bar := c.app.streams.Progress("running", cli.Seconds)
	stats := (&checkLoad{
		prefix: c.opts.prefix, keySize: perfKeySize, valueSize: perfValueSize, rate: rate, timeout: c.app.conn.Timeout(), spread: c.verbose,
		progress: func(int) { bar.Set(int64(time.Since(begun).Seconds()), int64(length.Seconds())) },
	}).run(loading, c.putters())
	bar.Done()
	if ctx.Err() != nil {
		c.interrupted(ctx, stats.puts)
	} else if err := c.perfCleanUp(ctx, stats.puts); err != nil {
		return err
	}
	if c.verbose {
		if err := c.lines(stats.distribution(), true); err != nil {
			return err
		}
	}
	err := c.lines(stats.verdict(rate))
	if errors.Is(err, errCheckFailed) {
		return cli.Final(cli.Failure, err)
	}
	return err
}

// perfCleanUp deletes the keys. If that fails, the verdict is still valid.
func (c *check) perfCleanUp(ctx context.Context, puts int) error {
	rev, err := c.deleteKeys(ctx, puts)
	if err != nil {
		if err := c.print("FAIL: Cleanup failed during key deletion: ERROR(%v)", err); err != nil {
			return err
		}
	}
	return c.finish(ctx, rev)
}
