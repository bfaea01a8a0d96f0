// Command ctl is etcdctl: it talks to a live etcd cluster.
package main

import (
	"context"
	"os"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
)

func main() {
	os.Exit(int(ctl.Main(context.Background(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Environ()}, os.Args[1:])))
}
