package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

const (
	deadEndpoints  = 3
	endpointRounds = 3 // upstream's waits for five seconds at each dead endpoint
)

// endpoints measures requests about a cluster whose members are mostly down.
func (b *bench) endpoints(ctx context.Context, page *bytes.Buffer) error {
	c, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: filepath.Join(b.dir, "endpoints")})
	if err != nil {
		return err
	}
	defer c.Stop()
	all, err := refusing(ctx, deadEndpoints)
	if err != nil {
		return err
	}
	env := "ETCDCTL_ENDPOINTS=" + strings.Join(append(all, c.Endpoints()), ",")
	rounds := min(b.pairs, endpointRounds)
	fmt.Fprintf(page, "\n## Endpoints\n\n%d of %d endpoints refuse the connection; medians of %d runs.\n\n", deadEndpoints, len(all)+1, rounds)
	fmt.Fprintln(page, "| command | wall | target |\n| --- | --- | --- |")
	for _, sub := range []string{"status", "health"} {
		args := []string{"endpoint", sub}
		m, err := inTurns(ctx, rounds,
			command{path: refs.Path(b.upstream, "etcdctl"), args: args, env: env, fails: true},
			command{path: refs.Path(b.ours, "etcdctl"), args: args, env: env, fails: true})
		if err != nil {
			return err
		}
		up, our := m[0], m[1]
		fmt.Fprintf(page, "| endpoint %s | %s | 0.2 |\n", sub, ratio(our.wall, up.wall))
	}
	return nil
}

// refusing returns n endpoints where nothing listens.
func refusing(ctx context.Context, n int) ([]string, error) {
	var all []string
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // held until all are chosen, so that none comes twice
		all = append(all, l.Addr().String())
	}
	return all, nil
}
