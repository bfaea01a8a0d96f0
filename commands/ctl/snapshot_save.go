package ctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer/view"
	"etcdkit/snapshot"
)

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

// snapshotStream is the snapshot of one member as it comes. It is opened by the
// first read, by when there is a file to write it to.
type snapshotStream struct {
	ctx    context.Context // Read has no other way to get it
	app    *app
	dialer *conn.Dialer

	client *conn.Client
	resp   *clientv3.SnapshotResponse
	cancel context.CancelCauseFunc
	err    error // why it could not be opened
}

// Read implements io.Reader.
func (s *snapshotStream) Read(b []byte) (int, error) {
	if s.resp == nil && s.err == nil {
		s.err = s.open()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.resp.Snapshot.Read(b)
	return n, s.client.Explain(timeUp(err))
}

// timeUp is err in the client's words where the server was the first to notice
// that the time limit has passed.
func timeUp(err error) error {
	if status.Code(err) == codes.DeadlineExceeded {
		return context.DeadlineExceeded
	}
	return err
}

// open opens the snapshot of the first endpoint, in the order given, that can
// be reached and does not keep one waiting while there are others.
func (s *snapshotStream) open() error {
	endpoints := s.dialer.Endpoints()
	err := errors.New("could not get a snapshot: there is no endpoint in --endpoints")
	for i, endpoint := range endpoints {
		var wait time.Duration
		if i < len(endpoints)-1 {
			wait = s.wait(len(endpoints))
		}
		if err = s.openAt(endpoint, wait); err == nil {
			if len(endpoints) > 1 {
				fmt.Fprintf(s.app.streams.Err, "Saving the snapshot of endpoint %s\n", endpoint)
			}
			return nil
		}
		if len(endpoints) > 1 {
			fmt.Fprintf(s.app.streams.Err, "Failed to get the snapshot of endpoint %s (%v)\n", endpoint, err)
		}
		if !unavailable(err) || s.ctx.Err() != nil {
			return err
		}
	}
	return err
}

// wait is how long one of n endpoints may take to send the first bytes. What
// the user gives for the whole of it has to do for all.
func (s *snapshotStream) wait(n int) time.Duration {
	if s.app.conn.TimeoutGiven() {
		return s.app.conn.Timeout() / time.Duration(n)
	}
	return s.app.conn.Timeout()
}

// openAt opens the snapshot of one endpoint, whose first bytes have come when
// it returns. Where wait is not 0 it gives up after that time.
func (s *snapshotStream) openAt(endpoint string, wait time.Duration) error {
	ctx, cancel := context.WithCancelCause(s.ctx)
	inTime := func() bool { return true }
	if wait > 0 {
		inTime = time.AfterFunc(wait, func() { cancel(context.DeadlineExceeded) }).Stop
	}
	client, err := s.dialer.Dial(ctx, endpoint)
	if err != nil {
		cancel(err)
		return err
	}
	resp, err := client.SnapshotWithVersion(ctx)
	if inTime() && err == nil {
		s.client, s.resp, s.cancel = client, resp, cancel
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	err = client.Explain(timeUp(err))
	cancel(err)
	_ = client.Close() // the error at hand says more
	return err
}

// close ends the stream, at whatever point it is.
func (s *snapshotStream) close() {
	if s.resp == nil {
		return
	}
	s.cancel(nil)
	_ = s.resp.Snapshot.Close() // all that was wanted of it has been read
	_ = s.client.Close()
}

// unavailable tells whether err is that of an endpoint that can't be reached,
// or does not answer, as opposed to one that refuses.
func unavailable(err error) bool {
	var refusal rpctypes.EtcdError
	if errors.As(err, &refusal) {
		return refusal.Code() == codes.Unavailable
	}
	return errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.Unavailable
}

func newSnapshotSave(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "save <filename>",
		Aliases: []string{"s"}, // it is what "s" means in 3.6 and later, which have no status
		Short:   "Save a snapshot of a member to a file",
		Long: `Save all that one member has stored to a file, from which "etcdutl snapshot
restore" makes a new cluster. The file is whole, with its checksum verified, or
it is not there; one of that name stays until the new one can take its place.

Of several --endpoints the first that can be reached is asked. There is no time
limit unless --command-timeout is given.`,
		Example: `  etcdctl snapshot save backup.db --endpoints 10.0.0.7:2379
  etcdctl snapshot save /backup/etcd-$(date +%F).db --command-timeout 10m`,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := snapshotPath(args)
			if err != nil {
				return err
			}
			d, p, err := a.dialer(cmd)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			if a.conn.TimeoutGiven() {
				var cancel context.CancelFunc
				ctx, cancel = a.limit(ctx)
				defer cancel()
			}
			stream := &snapshotStream{ctx: ctx, app: a, dialer: d.FailFast()}
			if err := stream.save(path); err != nil {
				return cli.Recode(cli.Interrupted, err)
			}
			lines := "Snapshot saved at " + path
			if v := stream.resp.Version; v != "" && p.Release().SnapshotVersion {
				lines += "\nServer version " + v
			}
			return p.Print(view.Facts{Line: view.Line(lines), Known: []view.Fact{
				{Name: "path", Value: path}, {Name: "server_version", Value: stream.resp.Version},
			}})
		},
	}
}

// save reads the stream into a file.
func (s *snapshotStream) save(path string) error {
	defer s.close()
	progress := s.app.streams.Progress("received")
	defer progress.Done()
	_, err := snapshot.Save(s.ctx, s, path, snapshot.SaveOptions{Progress: progress.Bytes})
	if s.err != nil {
		return s.err
	}
	return err
}
