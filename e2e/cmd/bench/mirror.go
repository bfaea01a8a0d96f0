package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

const (
	mirrorKeys   = 200_000
	mirrorValue  = 32 // bytes of a value
	mirrorRounds = 3
	// mirrorBound ends a run that has not copied everything; upstream's needs
	// minutes for it, at a rate that does not change.
	mirrorBound = 20 * time.Second
)

// firstCopy measures the keys per second of make-mirror's first copy.
func (b *bench) firstCopy(ctx context.Context, page *bytes.Buffer) error {
	source, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: filepath.Join(b.dir, "mirror-source")})
	if err != nil {
		return err
	}
	defer source.Stop()
	if err := fill(ctx, source.Endpoints(), mirrorKeys, mirrorValue); err != nil {
		return fmt.Errorf("fill the source: %w", err)
	}
	var upstream, ours, bare []float64
	for round := range mirrorRounds {
		for _, p := range []struct {
			name    string
			program func(dest string) command
			rates   *[]float64
		}{
			{"upstream", makeMirror(b.upstream, source.Endpoints()), &upstream},
			{"ours", makeMirror(b.ours, source.Endpoints()), &ours},
			{"bare", func(dest string) command {
				return command{path: b.bareClient(), args: []string{source.Endpoints(), "mirror", dest}}
			}, &bare},
		} {
			dir := filepath.Join(b.dir, fmt.Sprintf("mirror-%s-%d", p.name, round))
			rate, err := b.copyRate(ctx, p.program, dir)
			if err != nil {
				return fmt.Errorf("make-mirror, %s: %w", p.name, err)
			}
			*p.rates = append(*p.rates, rate)
		}
	}
	slices.Sort(upstream)
	slices.Sort(ours)
	slices.Sort(bare)
	fmt.Fprintf(page, "\n## make-mirror\n\nFirst copy of %d small keys into an empty cluster, both servers local; medians of %d runs, each\n"+
		"ended when all is copied or after %v. The bare client reads the range stream and makes the same transactions.\n\n", mirrorKeys, mirrorRounds, mirrorBound)
	fmt.Fprintln(page, "| work | keys per second, times upstream's | bare client | target |\n| --- | --- | --- | --- |")
	const middle = mirrorRounds / 2
	fmt.Fprintf(page, "| first copy | %.1f | %.1f | 20 |\n", ours[middle]/upstream[middle], bare[middle]/upstream[middle])
	return nil
}

// makeMirror is the program of a directory, which copies to a destination.
func makeMirror(bin, source string) func(dest string) command {
	return func(dest string) command {
		return command{path: refs.Path(bin, "etcdctl"), args: []string{"make-mirror", dest}, env: "ETCDCTL_ENDPOINTS=" + source}
	}
}

// copyRate runs one program on a fresh destination and returns the keys that
// came there in a second.
func (b *bench) copyRate(ctx context.Context, program func(dest string) command, dir string) (float64, error) {
	dest, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: dir})
	if err != nil {
		return 0, err
	}
	defer dest.Stop()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{dest.Endpoints()}, Logger: zap.NewNop()})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*mirrorBound)
	defer cancel()

	var stderr bytes.Buffer
	p := program(dest.Endpoints())
	mirror := exec.CommandContext(ctx, p.path, p.args...)
	mirror.Env = append(os.Environ(), p.env)
	mirror.Stderr = &stderr
	start := time.Now()
	if err := mirror.Start(); err != nil {
		return 0, err
	}
	copied, err := watchCopy(ctx, c, start)
	took := time.Since(start)
	_ = mirror.Process.Signal(os.Interrupt)
	_ = mirror.Wait() // it was interrupted, or has ended before
	if err != nil || copied == 0 {
		return 0, errors.Join(err, fmt.Errorf("copied %d keys; %s", copied, stderr.Bytes()))
	}
	return float64(copied) / took.Seconds(), os.RemoveAll(dir)
}

// watchCopy counts keys until all exist, or the time is up.
func watchCopy(ctx context.Context, c *clientv3.Client, start time.Time) (int64, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-tick.C:
		}
		resp, err := c.Get(ctx, "", clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil {
			return 0, err
		}
		if resp.Count >= mirrorKeys || time.Since(start) > mirrorBound {
			return resp.Count, nil
		}
	}
}
