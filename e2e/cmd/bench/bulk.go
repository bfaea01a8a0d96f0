package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

const (
	importPairs = 100_000
	loopPuts    = 200
	bulkRounds  = 3

	lsChildren, lsKeys = 1000, 1000 // children, and keys in each
)

// bulkImport measures import against a shell loop of put.
func (b *bench) bulkImport(ctx context.Context, page *bytes.Buffer) error {
	c, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: filepath.Join(b.dir, "import")})
	if err != nil {
		return err
	}
	defer c.Stop()
	file := filepath.Join(b.dir, "import.jsonl")
	err = writeLines(file, importPairs, func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"key":"/bench/%08d","value":"%s"}`+"\n", i, strings.Repeat("v", 32))
	})
	if err != nil {
		return err
	}
	loop := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do "%s" put /loop/$i %s; i=$((i+1)); done`,
		loopPuts, refs.Path(b.upstream, "etcdctl"), strings.Repeat("v", 32))
	env := "ETCDCTL_ENDPOINTS=" + c.Endpoints()
	m, err := inTurns(ctx, bulkRounds,
		command{path: "/bin/sh", args: []string{"-c", loop}, env: env},
		command{path: refs.Path(b.ours, "etcdctl"), args: []string{"import", file}, env: env},
		command{path: b.bareClient(), args: []string{c.Endpoints(), "import", "/bench/", fmt.Sprint(importPairs)}, env: env},
	)
	if err != nil {
		return err
	}
	upstream := m[0].wall * importPairs / loopPuts
	fmt.Fprintf(page, "\n## Bulk\n\nImport of %d small pairs against a shell loop of put, whose time for %d puts is extrapolated; medians of %d runs.\n"+
		"The bare client makes the same transactions of pairs that it has in memory.\n\n",
		importPairs, loopPuts, bulkRounds)
	fmt.Fprintln(page, "| work | pairs per second, times upstream's | bare client | target |\n| --- | --- | --- | --- |")
	fmt.Fprintf(page, "| import | %.0f | %.0f | 200 |\n", float64(upstream)/float64(m[1].wall), float64(upstream)/float64(m[2].wall))
	return nil
}

// listing measures ls against a get of all keys.
func (b *bench) listing(ctx context.Context, page *bytes.Buffer) error {
	c, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: filepath.Join(b.dir, "ls")})
	if err != nil {
		return err
	}
	defer c.Stop()
	file := filepath.Join(b.dir, "ls.jsonl")
	err = writeLines(file, lsChildren*lsKeys, func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"key":"/ls/dir-%04d/key-%04d","value":"%s"}`+"\n", i/lsKeys, i%lsKeys, strings.Repeat("v", 32))
	})
	if err != nil {
		return err
	}
	env := "ETCDCTL_ENDPOINTS=" + c.Endpoints()
	ours := refs.Path(b.ours, "etcdctl")
	load := exec.CommandContext(ctx, ours, "import", file)
	load.Env = append(os.Environ(), env)
	if msg, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("fill: %w\n%s", err, msg)
	}
	var all, list, bare []time.Duration
	for range bulkRounds {
		for _, w := range []struct {
			path  string
			args  []string
			lines int
			took  *[]time.Duration
		}{
			{refs.Path(b.upstream, "etcdctl"), []string{"get", "--prefix", "--keys-only", "--command-timeout=5m", "/ls/"}, 2 * lsChildren * lsKeys, &all},
			{ours, []string{"ls", "/ls/"}, lsChildren, &list},
			{b.bareClient(), []string{c.Endpoints(), "children", "/ls/", fmt.Sprint(lsChildren)}, 0, &bare},
		} {
			cmd := exec.CommandContext(ctx, w.path, w.args...)
			cmd.Env = append(os.Environ(), env)
			start := time.Now()
			out, err := cmd.Output()
			if n := bytes.Count(out, []byte("\n")); err != nil || n != w.lines {
				return fmt.Errorf("%s: %d lines, want %d: %w", cmd, n, w.lines, err)
			}
			*w.took = append(*w.took, time.Since(start))
		}
	}
	upstream := median(all)
	fmt.Fprintf(page, "\n## ls\n\nThe children of a prefix, %d of %d keys each, against all keys by `get --prefix --keys-only`; medians of %d runs.\n"+
		"The bare client asks for one key of each child, whose names it knows.\n\n",
		lsChildren, lsKeys, bulkRounds)
	fmt.Fprintln(page, "| work | wall | bare client | target |\n| --- | --- | --- | --- |")
	fmt.Fprintf(page, "| ls | %s | %s | 0.05 |\n", ratio(median(list), upstream), ratio(median(bare), upstream))
	return nil
}

// writeLines writes a file of n lines.
func writeLines(path string, n int, line func(w io.Writer, i int)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for i := range n {
		line(w, i)
	}
	return w.Flush()
}
