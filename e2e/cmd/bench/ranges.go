package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

const (
	rangeRounds = 3
	rangeValue  = 256 // bytes of a value
)

// rangeWork is a line of the table.
type rangeWork struct {
	release string
	name    string
	args    []string
	bare    []string
	mark    string // the text printed once for each event of a watch, which has no end; it begins with a rare byte, to be found fast
	target  string
}

// ranges measures reading many keys, and the events that made them.
func (b *bench) ranges(ctx context.Context, page *bytes.Buffer) error {
	get := []string{"get", "/bench/", "--prefix"}
	watch := []string{"watch", "/bench/", "--prefix", "--rev", "1"}
	works := []rangeWork{
		{"3.7", "get --prefix", get, []string{"range", "/bench/"}, "", "0.5, 96 MiB"},
		{"3.7", "get --prefix -w json", append(get[:3:3], "-w", "json"), []string{"range", "/bench/"}, "", "0.35, 96 MiB"},
		{"3.7", "get --prefix --keys-only", append(get[:3:3], "--keys-only"), []string{"keys", "/bench/"}, "", "0.6, 96 MiB"},
		{"3.7", "watch --rev 1", watch, []string{"watch", "/bench/", fmt.Sprint(b.keys)}, "PUT\n", "128 MiB"},
		{"3.7", "watch --rev 1 -w json", append(watch[:5:5], "-w", "json"), []string{"watch", "/bench/", fmt.Sprint(b.keys)}, "}}", "128 MiB"},
		{"3.6", "get --prefix", get, []string{"range", "/bench/"}, "", "0.8, 128 MiB"},
		{"3.6", "get --prefix -w json", append(get[:3:3], "-w", "json"), []string{"range", "/bench/"}, "", "0.5, 128 MiB"},
	}
	fmt.Fprintf(page, "\n## Large ranges\n\n%d keys with values of %d bytes, written 128 at a time; medians of %d runs, the highest peak of\n"+
		"memory. The bare client makes the one request that upstream makes and prints nothing; on 3.7 it reads the\n"+
		"range stream. Counting alone is the time of a count-only request.\n\n", b.keys, rangeValue, rangeRounds)
	fmt.Fprintln(page, "| server | work | wall | bare client, wall | first byte | counting alone | peak | upstream's peak | target |\n"+
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, release := range []string{"3.7", "3.6"} {
		if err := b.rangesOf(ctx, page, release, works); err != nil {
			return err
		}
	}
	fmt.Fprint(page, "\nKeys are /bench/ and a number. The time of a watch of old events is mostly the server's: before it sends a thousand\n"+
		"revisions, it reads the rest of the history, and then it waits 100 ms. The bare client opens a watch for every thousand revisions,\n"+
		"so the server reads the history once, and counts the events without decoding them. The target of a watch is its memory.\n")
	return nil
}

// rangesOf measures the works of one release, on a server of it.
func (b *bench) rangesOf(ctx context.Context, page *bytes.Buffer, release string, works []rangeWork) error {
	r, err := refs.Open()
	if err != nil {
		return err
	}
	bin, err := r.Build(ctx, release)
	if err != nil {
		return err
	}
	c, err := cluster.Start(ctx, cluster.Options{
		Bin: bin, Dir: filepath.Join(b.dir, "ranges-"+release),
		Args: []string{"--quota-backend-bytes=8000000000", "--unsafe-no-fsync"},
	})
	if err != nil {
		return err
	}
	defer c.Stop()
	if err := fill(ctx, c.Endpoints(), b.keys, rangeValue); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	env := "ETCDCTL_ENDPOINTS=" + c.Endpoints()
	for _, w := range works {
		if w.release != release {
			continue
		}
		up := append(w.args[:len(w.args):len(w.args)], "--command-timeout", "10m")
		m, err := readInTurns(ctx, rangeRounds, w.mark, b.keys,
			command{path: refs.Path(b.upstream, "etcdctl"), args: up, env: env},
			command{path: refs.Path(b.ours, "etcdctl"), args: w.args, env: env},
			command{path: b.bareClient(), args: append([]string{c.Endpoints()}, w.bare...), env: env, mute: true},
			command{path: b.bareClient(), args: []string{c.Endpoints(), "count", "/bench/"}, env: env, mute: true},
		)
		if err != nil {
			return err
		}
		fmt.Fprintf(page, "| %s | %s | %s | %s | %s | %s | %d MiB | %d MiB | %s |\n", release, w.name,
			ratio(m[1].wall, m[0].wall), ratio(m[2].wall, m[0].wall), m[1].first.Round(time.Millisecond), m[3].wall.Round(time.Millisecond),
			m[1].peak>>20, m[0].peak>>20, w.target)
	}
	return nil
}
