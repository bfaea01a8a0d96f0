package main

import (
	"context"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/ctlv2"
	"etcdkit/printer"
)

// run runs the commands of the v2 API if ETCDCTL_API is 2 and the release that
// --compat asks for still has that API, and otherwise those of v3.
func run(ctx context.Context, s cli.Streams, args []string) cli.Code {
	release, err := printer.ParseRelease(s.Compat(args))
	if s.Getenv("ETCDCTL_API") == "2" && release.V2 && err == nil {
		return ctlv2.Main(ctx, s, args)
	}
	return ctl.Main(ctx, s, args)
}
