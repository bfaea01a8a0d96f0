// Command ctl is etcdctl: it talks to a live etcd cluster.
package main

import (
	"context"
	"os"

	"etcdkit/commands/cli"
)

func main() {
	os.Exit(int(run(context.Background(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Environ()}, os.Args[1:])))
}
