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
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run takes an endpoint and a request: "put KEY VALUE", "get KEY", "range PREFIX",
// "keys PREFIX", "count PREFIX", "watch PREFIX EVENTS", "import PREFIX PAIRS",
// "mirror DESTINATION", "children PREFIX NUMBER", or nothing to end without a request.
func run(args []string) error {
	if len(args) < 2 {
		return nil
	}
	c, err := clientv3.New(clientv3.Config{Endpoints: args[:1], Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	switch args = args[1:]; {
	case args[0] == "put" && len(args) == 3:
		_, err = c.Put(ctx, args[1], args[2])
	case args[0] == "get" && len(args) == 2:
		_, err = c.Get(ctx, args[1])
	case args[0] == "range" && len(args) == 2:
		err = readRange(ctx, c, args[1])
	case args[0] == "keys" && len(args) == 2:
		err = readRange(ctx, c, args[1], clientv3.WithKeysOnly())
	case args[0] == "count" && len(args) == 2:
		_, err = c.Get(ctx, args[1], clientv3.WithPrefix(), clientv3.WithCountOnly())
	case args[0] == "watch" && len(args) == 3:
		err = watch(ctx, c, args[1], args[2])
	case args[0] == "import" && len(args) == 3:
		err = importPairs(ctx, c, args[1], args[2])
	case args[0] == "mirror" && len(args) == 2:
		err = mirror(ctx, c, args[1])
	case args[0] == "children" && len(args) == 3:
		err = children(ctx, c, args[1], args[2])
	default:
		err = fmt.Errorf("no such request: %q", args)
	}
	return err
}

// readRange reads a range as a stream, or in one answer if the server has no
// stream.
func readRange(ctx context.Context, c *clientv3.Client, prefix string, opts ...clientv3.OpOption) error {
	opts = append(opts, clientv3.WithPrefix())
	stream, err := c.GetStream(ctx, prefix, opts...)
	if err != nil {
		return err
	}
	for part := range stream {
		if err = part.Err(); err != nil {
			break
		}
	}
	if status.Code(err) == codes.Unimplemented {
		_, err = c.Get(ctx, prefix, opts...)
	}
	return err
}
