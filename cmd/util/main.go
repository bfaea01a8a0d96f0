// Command util is etcdutl: it works on etcd's files.
package main

import (
	"context"
	"os"

	"etcdkit/commands/cli"
	"etcdkit/commands/util"
)

func main() {
	os.Exit(int(util.Main(context.Background(), cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Environ()}, os.Args[1:])))
}
