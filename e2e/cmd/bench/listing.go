package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

// lsKeys is how many keys each shape has.
const lsKeys = 120_000

// shape is how the keys of a cluster look.
type shape struct {
	name     string
	key      func(r *rand.Rand, i int) string
	prefixes []string // to list
	target   string
}

// shapes returns keys as clusters have them: uneven namespaces, UUIDs, paths of any
// depth, and numbers.
func shapes() []shape {
	return []shape{
		{"kube", kubeKey(), []string{"/registry/", "/registry/pods/"}, "0.3, 1.1"},
		{"flat", func(r *rand.Rand, _ int) string { return name(r, 32) }, []string{""}, "1.1"},
		{"deep", deepKey, []string{"/"}, "1.1"},
		{"numbered", func(_ *rand.Rand, i int) string { return fmt.Sprintf("/svc/%04d/key-%04d", i/1000, i%1000) }, []string{"/svc/"}, "0.3"},
	}
}

// name returns n hexadecimal digits.
func name(r *rand.Rand, n int) string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())[:n] }

// kubeKey returns a generator of keys as Kubernetes has them: the nth of 203
// namespaces has an nth of the keys of the first.
func kubeKey() func(r *rand.Rand, i int) string {
	kinds := strings.Fields(strings.Repeat("pods ", 8) + strings.Repeat("events ", 8) + "configmaps secrets leases apps/deployments")
	var spaces []string
	for i := range 203 {
		space := "team-" + name(rand.New(rand.NewPCG(1, uint64(i))), 3+i%10)
		for range 1000 / (i + 1) {
			spaces = append(spaces, space)
		}
	}
	return func(r *rand.Rand, _ int) string {
		return "/registry/" + kinds[r.IntN(len(kinds))] + "/" + spaces[r.IntN(len(spaces))] + "/web-" + name(r, 10)
	}
}

func deepKey(r *rand.Rand, _ int) string {
	key := ""
	for range 2 + r.IntN(13) {
		if part := "abcdefgh"[r.IntN(8):][:1]; r.IntN(10) < 7 {
			key += "/" + part
		} else {
			key += "/" + name(r, 1+r.IntN(9))
		}
	}
	return key + name(r, 6)
}

// listing measures ls against a get of all keys of the prefix.
func (b *bench) listing(ctx context.Context, page *bytes.Buffer) error {
	fmt.Fprintf(page, "\n## ls\n\nThe children of a prefix among %d keys, against all keys of it by `get --prefix --keys-only`; medians of %d runs.\n\n", lsKeys, bulkRounds)
	fmt.Fprintln(page, "| shape | prefix | wall | target |\n| --- | --- | --- | --- |")
	for _, s := range shapes() {
		if err := b.listingOf(ctx, page, s); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) listingOf(ctx context.Context, page *bytes.Buffer, s shape) error {
	c, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: filepath.Join(b.dir, "ls-"+s.name)})
	if err != nil {
		return err
	}
	defer c.Stop()
	file, r := filepath.Join(b.dir, "ls.jsonl"), rand.New(rand.NewPCG(1, 1))
	err = writeLines(file, lsKeys, func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"key":"%s","value":"%s"}`+"\n", s.key(r, i), strings.Repeat("v", 200))
	})
	if err != nil {
		return err
	}
	env, ours := "ETCDCTL_ENDPOINTS="+c.Endpoints(), refs.Path(b.ours, "etcdctl")
	load := exec.CommandContext(ctx, ours, "import", file)
	load.Env = append(os.Environ(), env)
	if msg, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("fill: %w\n%s", err, msg)
	}
	for _, prefix := range s.prefixes {
		var all, list []time.Duration
		for range bulkRounds {
			for _, w := range []struct {
				path string
				args []string
				took *[]time.Duration
			}{
				{refs.Path(b.upstream, "etcdctl"), []string{"get", "--prefix", "--keys-only", "--command-timeout=5m", prefix}, &all},
				{ours, []string{"ls", prefix}, &list},
			} {
				cmd := exec.CommandContext(ctx, w.path, w.args...)
				cmd.Env = append(os.Environ(), env)
				start := time.Now()
				if _, err := cmd.Output(); err != nil {
					return fmt.Errorf("%s: %w", cmd, err)
				}
				*w.took = append(*w.took, time.Since(start))
			}
		}
		fmt.Fprintf(page, "| %s | `%s` | %s | %s |\n", s.name, prefix, ratio(median(list), median(all)), s.target)
	}
	return nil
}
