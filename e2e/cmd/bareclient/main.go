// Command bareclient makes one request with etcd's client library and nothing
// around it: the least that a program which links that library can take. It is
// the physical limit in the benchmarks.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run takes an endpoint and a request: "put KEY VALUE", "get KEY", or nothing
// to end without a request.
func run(args []string) error {
	if len(args) < 2 {
		return nil
	}
	c, err := clientv3.New(clientv3.Config{Endpoints: args[:1], Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	switch args = args[1:]; {
	case args[0] == "put" && len(args) == 3:
		_, err = c.Put(ctx, args[1], args[2])
	case args[0] == "get" && len(args) == 2:
		_, err = c.Get(ctx, args[1])
	default:
		err = fmt.Errorf("no such request: %q", args)
	}
	return err
}
