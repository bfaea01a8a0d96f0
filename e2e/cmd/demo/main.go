// Command demo demonstrates everyday use of etcdctl and etcdutl on a real etcd,
// on loopback and in a temporary directory: every command line is shown before
// its output, and the demo fails if a step does not have the expected result.
// No process or file is left.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

// limit bounds the whole walk.
const limit = 3 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo failed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "etcdkit-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	r, err := refs.Open()
	if err != nil {
		return err
	}
	server, err := r.Build(ctx, "3.7")
	if err != nil {
		return err
	}
	ours, err := r.Ours(ctx, filepath.Join(dir, "bin"))
	if err != nil {
		return err
	}
	w := &walk{out: os.Stdout, bin: ours, dir: dir}

	w.title("A fresh etcd")
	first, err := cluster.Start(ctx, cluster.Options{Bin: server, Dir: filepath.Join(dir, "first"), Settled: true})
	if err != nil {
		return err
	}
	defer first.Stop()
	w.endpoints = first.Endpoints()
	if err := w.all(ctx, mainJob(filepath.Join(server, "etcd"))); err != nil {
		return err
	}

	w.title("A second etcd, booted from the restored directory")
	second, err := cluster.Start(ctx, cluster.Options{
		Bin: server, Dir: filepath.Join(dir, "second"),
		DataDir: filepath.Join(dir, "restored"), MemberName: "default",
	})
	if err != nil {
		return fmt.Errorf("boot from the restored directory: %w", err)
	}
	defer second.Stop()
	return w.sameData(ctx, second.Endpoints())
}
