package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

const (
	importPairs = 100_000
	loopPuts    = 200
	bulkRounds  = 3
)

// bulkImport measures import against a shell loop of put.
func (b *bench) bulkImport(ctx context.Context, page *bytes.Buffer) error {
	c, err := cluster.Start(ctx, cluster.Options{Bin: b.upstream, Dir: filepath.Join(b.dir, "import")})
	if err != nil {
		return err
	}
	defer c.Stop()
	file := filepath.Join(b.dir, "import.jsonl")
	err = writeLines(file, importPairs, func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"key":"/bench/%08d","value":"%s"}`+"\n", i, strings.Repeat("v", 32))
	})
	if err != nil {
		return err
	}
	loop := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do "%s" put /loop/$i %s; i=$((i+1)); done`,
		loopPuts, refs.Path(b.upstream, "etcdctl"), strings.Repeat("v", 32))
	env := "ETCDCTL_ENDPOINTS=" + c.Endpoints()
	m, err := inTurns(ctx, bulkRounds,
		command{path: "/bin/sh", args: []string{"-c", loop}, env: env},
		command{path: refs.Path(b.ours, "etcdctl"), args: []string{"import", file}, env: env},
		command{path: b.bareClient(), args: []string{c.Endpoints(), "import", "/bench/", fmt.Sprint(importPairs)}, env: env},
	)
	if err != nil {
		return err
	}
	upstream := m[0].wall * importPairs / loopPuts
	fmt.Fprintf(page, "\n## Bulk\n\nImport of %d small pairs against a shell loop of put, whose time for %d puts is extrapolated; medians of %d runs.\n"+
		"The bare client makes the same transactions of pairs that it has in memory.\n\n",
		importPairs, loopPuts, bulkRounds)
	fmt.Fprintln(page, "| work | pairs per second, times upstream's | bare client | target |\n| --- | --- | --- | --- |")
	fmt.Fprintf(page, "| import | %.0f | %.0f | 200 |\n", float64(upstream)/float64(m[1].wall), float64(upstream)/float64(m[2].wall))
	return nil
}

// writeLines writes a file of n lines.
func writeLines(path string, n int, line func(w io.Writer, i int)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for i := range n {
		line(w, i)
	}
	return w.Flush()
}
