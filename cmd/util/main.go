// Command util is etcdutl: it works on etcd's files.
package main

import (
	"context"
	"os"

	"etcdkit/commands/cli"
)

func main() {
	os.Exit(int(run(context.Background(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Environ()}, os.Args[1:])))
}
