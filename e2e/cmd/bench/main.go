// Command bench measures our programs against upstream's, alternately in one
// run on its own servers, and writes the results as a Markdown page. Only
// ratios are quoted: the times of a noisy machine mean little.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

func main() {
	out := flag.String("out", "", "write the page to this file instead of standard output")
	pairs := flag.Int("pairs", 120, "how often each pair of programs runs")
	keys := flag.Int("keys", 1_000_000, "how many keys a large range has")
	only := flag.String("only", "", "measure this section alone")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *only, *pairs, *keys); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, only string, pairs, keys int) error {
	dir, err := os.MkdirTemp("", "etcdkit-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := prepare(ctx, dir)
	if err != nil {
		return err
	}
	b.pairs, b.keys = pairs, keys
	var page bytes.Buffer
	fmt.Fprintf(&page, pageHead, b.version)
	for _, section := range []struct {
		name    string
		measure func(context.Context, *bytes.Buffer) error
	}{
		{"start-up", b.startUp},
		{"endpoints", b.endpoints},
		{"ranges", b.ranges},
		{"make-mirror", b.firstCopy},
		{"files", b.engine},
		{"import", b.bulkImport},
		{"ls", b.listing},
	} {
		if only != "" && only != section.name {
			continue
		}
		if err := section.measure(ctx, &page); err != nil {
			return err
		}
	}
	if out == "" {
		_, err = page.WriteTo(os.Stdout)
		return err
	}
	return os.WriteFile(out, page.Bytes(), 0o644)
}

const pageHead = `# Performance

Written by ` + "`make bench`" + `: each line runs our program, upstream's of release %s
and a bare client in turns, on one etcd of the same release on loopback. A
figure is the median of all runs, divided by upstream's median.

`

// bench knows the programs to compare.
type bench struct {
	dir, version   string
	upstream, ours string // directories of programs
	limits         string // the directory of the program that does only the necessary work
	pairs, keys    int
}

func prepare(ctx context.Context, dir string) (*bench, error) {
	r, err := refs.Open()
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir, limits: filepath.Join(dir, "limits")}
	if b.version, err = r.Version("3.7"); err != nil {
		return nil, err
	}
	if b.upstream, err = r.Build(ctx, "3.7"); err != nil {
		return nil, err
	}
	if b.ours, err = r.Ours(ctx, filepath.Join(dir, "bin")); err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.limits+string(filepath.Separator), "./cmd/bareclient", "./cmd/barebolt")
	if msg, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the limits: %w\n%s", err, msg)
	}
	return b, b.copyPrograms()
}

// copyPrograms copies all programs in one way. How a file came into the page
// cache, from a linker or from the disk, changes the start-up of a program by a
// tenth.
func (b *bench) copyPrograms() error {
	for name, dir := range map[string]*string{"upstream": &b.upstream, "ours": &b.ours, "bare": &b.limits} {
		copied := filepath.Join(b.dir, "programs", name)
		if err := os.CopyFS(copied, os.DirFS(*dir)); err != nil {
			return err
		}
		*dir = copied
	}
	return nil
}

// bareClient is the client that makes its requests and does nothing else.
func (b *bench) bareClient() string { return refs.Path(b.limits, "bareclient") }

// startUp measures the cost of each command in a shell loop.
func (b *bench) startUp(ctx context.Context, page *bytes.Buffer) error {
	c, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: filepath.Join(b.dir, "start-up")})
	if err != nil {
		return err
	}
	defer c.Stop()
	fmt.Fprintf(page, "## Start-up\n\nMedians of %d runs.\n\n", b.pairs)
	fmt.Fprintln(page, "| command | wall | CPU | bare client, wall | bare client, CPU | target |\n| --- | --- | --- | --- | --- | --- |")
	for _, w := range []struct {
		name, target string
		args, bare   []string
	}{
		{"version", "1.05", []string{"version"}, nil},
		{"put of one key", "0.9", []string{"put", "bench", "value"}, []string{"put", "bench", "value"}},
		{"get of one key", "0.9", []string{"get", "bench"}, []string{"get", "bench"}},
	} {
		env := "ETCDCTL_ENDPOINTS=" + c.Endpoints()
		m, err := inTurns(ctx, b.pairs,
			command{path: refs.Path(b.upstream, "etcdctl"), args: w.args, env: env},
			command{path: refs.Path(b.ours, "etcdctl"), args: w.args, env: env},
			command{path: b.bareClient(), args: append([]string{c.Endpoints()}, w.bare...), env: env},
		)
		if err != nil {
			return err
		}
		up, our, bare := m[0], m[1], m[2]
		fmt.Fprintf(page, "| %s | %s | %s | %s | %s | %s |\n", w.name,
			ratio(our.wall, up.wall), ratio(our.cpu, up.cpu), ratio(bare.wall, up.wall), ratio(bare.cpu, up.cpu), w.target)
	}
	return nil
}
