// Command refs builds upstream's programs of every pinned release line into the cache and prints one line for each:
// its release and its path, then the S3 server for tests, as "s3". With arguments, only the named lines ("3.7") or "s3" are built.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"etcdkit/e2e/refs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "refs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, lines []string) error {
	r, err := refs.Open()
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		if lines, err = r.Lines(); err != nil {
			return err
		}
		lines = append(lines, "s3")
	}
	for _, line := range lines {
		if line == "s3" {
			if err := s3(ctx, out, r); err != nil {
				return err
			}
			continue
		}
		version, err := r.Version(line)
		if err != nil {
			return err
		}
		dir, err := r.Build(ctx, line)
		if err != nil {
			return err
		}
		for _, prog := range []string{"etcd", "etcdctl", "etcdutl"} {
			if _, err := fmt.Fprintln(out, version, refs.Path(dir, prog)); err != nil {
				return err
			}
		}
	}
	return nil
}

func s3(ctx context.Context, out io.Writer, r *refs.Refs) error {
	path, err := r.S3(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "s3", path)
	return err
}
