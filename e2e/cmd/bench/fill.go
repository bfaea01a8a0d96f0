package main

import (
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// fill writes n keys with values of so many bytes.
func fill(ctx context.Context, endpoints string, n, bytes int) error {
	const (
		perTxn  = 128
		writers = 8
	)
	c, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(endpoints, ","), Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer c.Close()
	value := strings.Repeat("v", bytes)
	ended := make(chan error, writers)
	for w := range writers {
		go func() {
			var err error
			for i := w * perTxn; i < n && err == nil; i += writers * perTxn {
				var ops []clientv3.Op
				for k := i; k < min(i+perTxn, n); k++ {
					ops = append(ops, clientv3.OpPut(fmt.Sprintf("/bench/%08d", k), value))
				}
				_, err = c.Txn(ctx).Then(ops...).Commit()
			}
			ended <- err
		}()
	}
	for range writers {
		if failed := <-ended; err == nil {
			err = failed
		}
	}
	return err
}
