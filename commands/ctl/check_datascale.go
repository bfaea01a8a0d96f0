package ctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
)

// datascaleLoad is a load of check datascale.
type datascaleLoad struct{ keys, clients int }

// datascaleLoads are upstream's, by size.
func datascaleLoads() [loadXLarge + 1]datascaleLoad {
	return [...]datascaleLoad{loadSmall: {10_000, 50}, loadMedium: {100_000, 200}, loadLarge: {1_000_000, 500}, loadXLarge: {3_000_000, 1000}}
}

// datascaleSize is the size of a key with its value, half of it each.
const datascaleSize = 1024

func newCheckDatascale(a *app) *cobra.Command {
	o := &checkOptions{}
	cmd := &cobra.Command{
		Use:   "datascale [options]",
		Short: "Measure how much memory keys need on a server",
		Long: `Write the number of keys that --load sets, each of 1 KiB with its value, and
print by how much the memory of the first of the --endpoints has grown.

  load      keys  clients
  s        10000       50
  m       100000      200
  l      1000000      500
  xl     3000000     1000

The keys are deleted at the end, also when the check fails or is interrupted.`,
		Example: `  etcdctl check datascale --load m
  etcdctl check datascale --endpoints https://10.0.0.7:2379 --cacert ca.crt --auto-compact`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			size, err := o.size()
			if err != nil {
				return err
			}
			load := datascaleLoads()[size]
			c, err := openCheck(a, cmd, o, load.clients)
			if err != nil {
				return err
			}
			defer c.close()
			return c.datascale(cmd.Context(), load.keys)
		},
	}
	o.addFlags(cmd.Flags(), "/etcdctl-check-datascale/")
	completeLoad(cmd)
	return cmd
}

// datascale writes keys and prints the memory that they use.
func (c *check) datascale(ctx context.Context, keys int) error {
	if err := c.unused(ctx, ""); err != nil {
		return err
	}
	before, err := c.memory(ctx)
	if err != nil {
		return c.noMemory(ctx, err, "before")
	}
	err = c.print("Start data scale check for work load [%d key-value pairs, %d bytes per key-value, %d concurrent clients].",
		keys, datascaleSize, len(c.clients))
	if err != nil {
		return err
	}
	bar := c.app.streams.Progress("written", cli.Items)
	stats := (&checkLoad{
		prefix: c.opts.prefix, keySize: datascaleSize / 2, valueSize: datascaleSize / 2, puts: keys, timeout: c.app.conn.Timeout(),
		progress: func(puts int) { bar.Set(int64(puts), int64(keys)) },
	}).run(ctx, c.putters())
	bar.Done()
	after, failed := c.memory(ctx)
	if ctx.Err() != nil {
		c.interrupted(ctx, stats.puts)
		return context.Cause(ctx)
	}
	rev, err := c.deleteKeys(ctx, stats.puts)
	switch {
	case failed != nil:
		return c.noMemory(ctx, failed, "after")
	case err != nil:
		return c.clients[0].Explain(err)
	}
	if err := c.finish(ctx, rev); err != nil {
		return err
	}
	return c.lines(stats.datascale(after - before))
}

// datascale returns upstream's lines on a load that took so many bytes.
func (s *checkStats) datascale(bytes float64) (lines []string, passed bool) {
	if failures := s.failures(); failures != nil {
		return failures, false
	}
	return []string{fmt.Sprintf("PASS: Approximate system memory used : %.2f MB.", bytes/(1<<20))}, true
}

// noMemory prints why the memory is not known, which fails the check.
func (c *check) noMemory(ctx context.Context, why error, when string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.lines([]string{why.Error(), "FAIL: Could not read " + memoryMetric + " " + when + " the put operations."}, false)
}

// memoryMetric is the metric for the memory that a server uses.
const memoryMetric = "process_resident_memory_bytes"

// memory returns how many bytes the first endpoint holds. The error is the line
// that upstream prints for it.
func (c *check) memory(ctx context.Context) (float64, error) {
	client, base := c.dialer.HTTP(c.dialer.Endpoints()[0])
	ctx, cancel := c.app.limit(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("fetch error: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("fetch error: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // the metric has been read
	return readMemory(resp.Body)
}

// maxMetrics bounds the size of a server's metrics.
const maxMetrics = 64 << 20

// readMemory finds the memory among metrics.
func readMemory(metrics io.Reader) (float64, error) {
	lines := bufio.NewScanner(io.LimitReader(metrics, maxMetrics))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), memoryMetric); ok {
			bytes, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0, fmt.Errorf("parse error: %w", err)
			}
			return bytes, nil
		}
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("fetch error: reading the metrics: %w", err)
	}
	return 0, errors.New("could not find: " + memoryMetric)
}
