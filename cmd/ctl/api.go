package main

import (
	"context"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/ctlv2"
)

// run runs the commands of the API that ETCDCTL_API asks for: those of v2 where
// it is 2, and else those of v3, as releases from 3.6 on have no others.
func run(ctx context.Context, s cli.Streams, args []string) cli.Code {
	if s.Getenv("ETCDCTL_API") == "2" {
		return ctlv2.Main(ctx, s, args)
	}
	return ctl.Main(ctx, s, args)
}
