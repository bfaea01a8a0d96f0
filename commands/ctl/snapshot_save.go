package ctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/internal/output"
	"etcdkit/keyspace/backend"
	"etcdkit/printer"
	"etcdkit/printer/view"
	"etcdkit/snapshot"
)

// standardOutput is the file name with which snapshot save writes to standard
// output.
const standardOutput = "-"

// errBinary refuses a terminal.
var errBinary = errors.New("could not write snapshot: standard output is a terminal: redirect it to a file or a pipe")

// saveRun is one run of snapshot save.
type saveRun struct {
	app    *app
	path   string
	stream *backend.Stream
}

// snapshotPath reads the argument of snapshot save.
func snapshotPath(args []string) (string, error) {
	if len(args) != 1 {
		return "", cli.Exit(cli.BadArgs, errors.New("snapshot save expects one argument <filename>"))
	}
	if args[0] == "" {
		return "", cli.Exit(cli.Interrupted, errors.New("could not write snapshot: <filename> is empty"))
	}
	return args[0], nil
}

// backendOptions are those of a stream from the endpoints that d dials.
func (a *app) backendOptions(d *conn.Dialer) backend.Options {
	endpoints := d.Endpoints()
	wait := a.conn.Timeout()
	if a.conn.TimeoutGiven() && len(endpoints) > 0 { // the time limit of the command covers all endpoints together
		wait /= time.Duration(len(endpoints))
	}
	return backend.Options{
		Endpoints: endpoints,
		Dial: func(ctx context.Context, endpoint string) (backend.Client, error) {
			c, err := d.Dial(ctx, endpoint)
			if err != nil {
				return nil, err
			}
			return c, nil
		},
		Wait:        wait,
		Unavailable: cluster.Unavailable,
		Chosen: func(endpoint string) {
			fmt.Fprintf(cli.Visible(a.streams.Err), "Saving the snapshot of endpoint %s\n", endpoint)
		},
		Failed: func(endpoint string, err error) {
			fmt.Fprintf(cli.Visible(a.streams.Err), "Failed to get the snapshot of endpoint %s (%v)\n", endpoint, err)
		},
	}
}

func newSnapshotSave(a *app) *cobra.Command {
	return curlRefuses(&cobra.Command{
		Use:   "save <filename>",
		Short: "Save a snapshot of a member to a file",
		Long: `Save everything that one member stores to a file, from which "etcdutl snapshot
restore" makes a new cluster. The file is replaced only once the new one is
complete and its checksum verified. A symbolic link is followed.

With "-" the snapshot goes to standard output, and a named pipe or /dev/stdout is
written to directly. Then the exit code says whether what was written is
complete, and the lines about it go to standard error.

If there are several --endpoints, the first that can be reached is used. There is
no time limit unless --command-timeout is given.`,
		Example: `  etcdctl snapshot save backup.db --endpoints 10.0.0.7:2379
  etcdctl snapshot save /backup/etcd-$(date +%F).db --command-timeout 10m
  etcdctl snapshot save - | zstd > backup.db.zst`,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := snapshotPath(args)
			if err != nil {
				return err
			}
			d, p, err := a.dialer(cmd)
			if err != nil {
				return err
			}
			if path == standardOutput {
				if _, ok := cli.Terminal(a.streams.Out); ok {
					return cli.Exit(cli.Interrupted, errBinary)
				}
			}
			ctx := cmd.Context()
			if a.conn.TimeoutGiven() {
				var cancel context.CancelFunc
				ctx, cancel = a.limit(ctx)
				defer cancel()
			}
			run := &saveRun{app: a, path: path, stream: backend.New(ctx, a.backendOptions(d.FailFast()))}
			defer run.stream.Close()
			onStdout, err := run.save(ctx)
			if err != nil {
				return cli.Recode(cli.Interrupted, err)
			}
			if onStdout {
				if p, err = a.output.Printer(a.streams.Err); err != nil {
					return err
				}
			}
			return p.Print(run.saved(p.Release()))
		},
	}, "the gateway sends a snapshot in pieces, as JSON")
}

// save writes the stream to its destination. It reports whether that is stdout.
func (r *saveRun) save(ctx context.Context) (onStdout bool, err error) {
	progress := r.app.streams.Progress("received", cli.Bytes)
	defer progress.Done()
	opts := snapshot.SaveOptions{Progress: func(n int64) { progress.Set(n, 0) }}
	if r.path == standardOutput {
		_, err := snapshot.Copy(ctx, r.stream, r.app.streams.Out, opts)
		return true, r.cause(err)
	}
	out, err := output.Create(ctx, r.path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, out.Abort()) }()
	if _, ok := cli.Terminal(out.File()); ok {
		return false, errBinary
	}
	onStdout = out.Stream() && out.Same(r.app.streams.Out)
	_, err = snapshot.Save(ctx, r.stream, out, opts)
	return onStdout, r.cause(err)
}

// cause is why the stream could not be opened, which says more than err.
func (r *saveRun) cause(err error) error {
	if opening := r.stream.Err(); opening != nil {
		return opening
	}
	return err
}

// saved is the printed description of a snapshot that was saved.
func (r *saveRun) saved(release *printer.Release) view.Facts {
	version := r.stream.Version()
	lines := "Snapshot saved at " + r.path
	if r.path == standardOutput {
		lines = "Snapshot saved to standard output"
	}
	if version != "" && release.SnapshotVersion {
		lines += "\nServer version " + version
	}
	return view.Facts{Line: view.Line(lines), Known: []view.Fact{
		{Name: "path", Value: r.path}, {Name: "server_version", Value: version},
	}}
}
