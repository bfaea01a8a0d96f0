package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"etcdkit/backup/store"
	"etcdkit/backup/store/remote"
	"etcdkit/backup/store/s3"
	"etcdkit/commands/cli"
	"etcdkit/commands/util"
)

// run serves an S3 bucket on the standard streams if etcdctl asks for that, and
// otherwise runs etcdutl's commands.
func run(ctx context.Context, s cli.Streams, args []string) cli.Code {
	if !slices.Equal(args, []string{remote.Argument}) {
		return util.Main(ctx, s, args)
	}
	if err := remote.Serve(ctx, s.In, output{s.Out}, store.Options{Env: s.Env, S3: s3.Open}); err != nil {
		fmt.Fprintln(s.Err, err)
		return cli.Failure
	}
	return cli.OK
}

// output is the standard output, which ends with the process.
type output struct{ io.Writer }

func (output) Close() error { return nil }
