package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const (
	perTxn   = 128 // a server's default limit
	underWay = 8   // transactions, as import and make-mirror have them
)

// write commits the batches that come, several at a time, and returns the first
// error when all have come.
func write(ctx context.Context, c *clientv3.Client, batches <-chan []clientv3.Op) error {
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	for range underWay {
		wg.Go(func() {
			for ops := range batches {
				if _, err := c.Txn(ctx).Then(ops...).Commit(); err != nil {
					once.Do(func() { first = err })
				}
			}
		})
	}
	wg.Wait()
	return first
}

// importPairs writes a number of small pairs.
func importPairs(ctx context.Context, c *clientv3.Client, prefix, pairs string) error {
	n, err := strconv.Atoi(pairs)
	if err != nil {
		return err
	}
	value := strings.Repeat("v", 32)
	batches := make(chan []clientv3.Op)
	go func() {
		defer close(batches)
		for i := 0; i < n; i += perTxn {
			var ops []clientv3.Op
			for k := i; k < min(i+perTxn, n); k++ {
				ops = append(ops, clientv3.OpPut(fmt.Sprintf("%s%08d", prefix, k), value))
			}
			batches <- ops
		}
	}()
	return write(ctx, c, batches)
}

// mirror copies all keys to another server, as they come in the range stream.
func mirror(ctx context.Context, c *clientv3.Client, destination string) error {
	dest, err := clientv3.New(clientv3.Config{Endpoints: []string{destination}, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer dest.Close()
	stream, err := c.GetStream(ctx, "", clientv3.WithPrefix())
	if err != nil {
		return err
	}
	batches := make(chan []clientv3.Op)
	ended := make(chan error, 1)
	go func() { ended <- write(ctx, dest, batches) }()
	for part := range stream {
		if err = part.Err(); err != nil {
			break
		}
		send(part.Kvs, batches)
	}
	close(batches)
	if failed := <-ended; failed != nil {
		return failed
	}
	return err
}

func send(kvs []*mvccpb.KeyValue, batches chan<- []clientv3.Op) {
	for len(kvs) > 0 {
		n := min(perTxn, len(kvs))
		ops := make([]clientv3.Op, n)
		for i, kv := range kvs[:n] {
			ops[i] = clientv3.OpPut(string(kv.GetKey()), string(kv.GetValue()))
		}
		batches <- ops
		kvs = kvs[n:]
	}
}

// children asks for the first key of each of a number of children, whose names
// it knows.
func children(ctx context.Context, c *clientv3.Client, prefix, number string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := c.Get(ctx, fmt.Sprintf("%sdir-%04d/", prefix, i), clientv3.WithPrefix(), clientv3.WithLimit(1), clientv3.WithKeysOnly()); err != nil {
			return err
		}
	}
	return nil
}
