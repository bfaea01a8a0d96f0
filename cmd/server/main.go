// Command server is etcdutl-server: an etcd server on a data directory, which
// etcdutl starts.
package main

import (
	"context"
	"os"

	"etcdkit/commands/cli"
	"etcdkit/commands/server"
)

func main() {
	os.Exit(int(server.Main(context.Background(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Environ()}, os.Args[1:])))
}
