package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

const (
	fileKeys   = 1_000_000
	valueSize  = 280 // bytes; with its key and bbolt's share some 400 a key
	loaders    = 8
	keysPerTxn = 100
	loadBound  = 5 * time.Minute
	// deletedKeys are those of the fragmented file that are gone.
	deletedKeys = fileKeys * 8 / 10
	// deletedAtOnce is the number of keys that one request deletes, which has
	// to complete within the time of a request.
	deletedAtOnce = fileKeys / 50
)

// snapshots are the files that the commands work on.
type snapshots struct {
	full  string // of fileKeys keys
	holes string // the same, after most of the keys were deleted and compacted
}

// makeSnapshots fills a server and saves it twice, with upstream's programs.
func (b *bench) makeSnapshots(ctx context.Context) (snapshots, error) {
	s := snapshots{full: filepath.Join(b.dir, "full.db"), holes: filepath.Join(b.dir, "holes.db")}
	c, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: filepath.Join(b.dir, "snapshot-source"),
		Args: []string{"--unsafe-no-fsync", "--quota-backend-bytes=8000000000"}})
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(filepath.Join(b.dir, "snapshot-source"))
	defer c.Stop()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{c.Endpoints()}, Logger: zap.NewNop()})
	if err != nil {
		return s, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, loadBound)
	defer cancel()
	if err := load(ctx, client); err != nil {
		return s, fmt.Errorf("fill a server: %w", err)
	}
	if err := b.save(ctx, c, s.full); err != nil {
		return s, err
	}
	var revision int64
	for i := 0; i < deletedKeys; i += deletedAtOnce {
		deleted, err := client.Delete(ctx, fileKey(i), clientv3.WithRange(fileKey(i+deletedAtOnce)))
		if err != nil {
			return s, fmt.Errorf("delete keys: %w", err)
		}
		revision = deleted.Header.Revision
	}
	if _, err := client.Compact(ctx, revision, clientv3.WithCompactPhysical()); err != nil {
		return s, fmt.Errorf("compact: %w", err)
	}
	return s, b.save(ctx, c, s.holes)
}

func (b *bench) save(ctx context.Context, c *cluster.Cluster, path string) error {
	out, err := exec.CommandContext(ctx, refs.Path(b.upstream, "etcdctl"), "--endpoints="+c.Endpoints(), "snapshot", "save", path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("save %s: %w\n%s", path, err, out)
	}
	return nil
}

func fileKey(i int) string { return fmt.Sprintf("/registry/pods/ns/%09d", i) }

// load writes all keys, with values that nothing can compress.
func load(ctx context.Context, client *clientv3.Client) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for w := range loaders {
		workers.Go(func() {
			random := rand.NewChaCha8([32]byte{byte(w)})
			value := make([]byte, valueSize)
			for from := w * keysPerTxn; from < fileKeys && ctx.Err() == nil; from += loaders * keysPerTxn {
				ops := make([]clientv3.Op, keysPerTxn)
				for i := range ops {
					_, _ = random.Read(value) // which does not fail
					ops[i] = clientv3.OpPut(fileKey(from+i), string(value))
				}
				if _, err := client.Txn(ctx).Then(ops...).Commit(); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
