package ctl

import (
	"context"
	"io"
	"strings"
	"testing"

	"etcdkit/commands/cli"
)

func BenchmarkVersion(b *testing.B) {
	for b.Loop() {
		_ = Main(context.Background(), cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, []string{"version"})
	}
}
