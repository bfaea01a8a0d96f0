package ctl

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/backup"
	"etcdkit/backup/follow"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/commands/repository"
)

type backupFollowOptions struct {
	*backupOptions
	policyOptions
	save       backupSaveOptions
	flush      time.Duration
	fullEvery  time.Duration
	maxPending string
}

func newBackupFollow(a *app, shared *backupOptions) *cobra.Command {
	o := &backupFollowOptions{backupOptions: shared, save: backupSaveOptions{backupOptions: shared, prefer: preferFollower}}
	cmd := &cobra.Command{
		Use:   "follow",
		Short: "Back up continuously, to the second",
		Long: `Watch all keys of the cluster and store what is written as increments, one each
--flush, so that the cluster can be restored to any revision. A full backup is taken
at the start if none can be continued, every --full-every, and after a gap: revisions
that were compacted before they were recorded. With --keep-..., each full backup is
followed by a prune.

The follower survives the loss of members, of the leader and of the repository. While
increments can't be stored, it keeps them in a temporary file (TMPDIR chooses where);
when that has --max-pending bytes, the watch pauses. Started again, it continues where
it ended. A second follower of the same repository stands by. A user with the role
root is required if authentication is on.

Nothing is printed while all is well. What matters to an operator is a line on stderr.
An interrupt or SIGTERM stores what there is and ends with 0.`,
		Example: `  etcdctl backup follow --repo /var/backups/etcd
  etcdctl backup follow --flush 2s --full-every 12h --keep-daily 7 --keep-weekly 5
  etcdctl backup follow --age-recipient recipients.txt --metrics-file /var/lib/node_exporter/follow.prom`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			opts, saveOpts, err := o.check(args)
			if err != nil {
				return err
			}
			run, err := o.open(cmd, a)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, run.close()) }()
			d, _, err := a.endpointDialer(cmd)
			if err != nil {
				return err
			}
			opts.Repo, opts.Endpoints, opts.Packing = run.Repository, d.Endpoints(), saveOpts.Packing
			opts.Packing.Window = 512 << 10 // one increment is small
			opts.Dial = memberDialer(d.FailFast())
			opts.Save = func(ctx context.Context) (*backup.Backup, error) {
				return o.save.take(ctx, a, d, run.Repository, saveOpts)
			}
			opts.Tell = func(line string) { fmt.Fprintln(cli.Visible(a.streams.Err), line) }
			stop := o.report(cmd.Context(), a, &opts)
			defer stop()
			return repository.Code(follow.Run(cmd.Context(), opts))
		},
	}
	o.addFlags(cmd)
	return curlRefuses(withMetrics(a, o.backupOptions, cmd), "it watches for as long as it runs")
}

func (o *backupFollowOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.DurationVar(&o.flush, "flush", 5*time.Second, "store what was written once in this `duration`")
	fs.DurationVar(&o.fullEvery, "full-every", 6*time.Hour, "take a full backup once in this `duration`")
	fs.StringVar(&o.maxPending, "max-pending", "1GiB", "pause the watch if this many `bytes` of records can't be stored")
	fs.StringArrayVar(&o.save.recipients, "age-recipient", nil, "encrypt to this age `recipient`: a public key, or a file of them; may be given several times")
	o.policyOptions.addTo(fs)
}

// check checks the flags.
func (o *backupFollowOptions) check(args []string) (f follow.Options, s backup.SaveOptions, err error) {
	if len(args) > 0 {
		return f, s, argsError("backup follow accepts no arguments; --repo names the repository")
	}
	if o.flush < 100*time.Millisecond || o.flush > time.Hour {
		return f, s, argsError("--flush %s: give from 100ms to 1h", o.flush)
	}
	if o.fullEvery < o.flush {
		return f, s, argsError("--full-every %s: must not be less than --flush", o.fullEvery)
	}
	if err := o.policyOptions.check(); err != nil {
		return f, s, err
	}
	pending, err := humanize.ParseBytes(o.maxPending)
	if err != nil || pending < 1<<20 || pending > 1<<50 {
		return f, s, argsError("--max-pending %s: give bytes, such as 1GiB; at least 1MiB", cli.Quote(o.maxPending))
	}
	f.MaxPending = int64(pending)
	if s.Recipients, err = readRecipients(o.save.recipients); err != nil {
		return f, s, err
	}
	s.Compression, s.Verify = backup.Zstd, backup.Readback
	f.Flush, f.FullEvery = o.flush, o.fullEvery
	if !o.policy.Empty() {
		f.Retain = &o.policy
	}
	return f, s, nil
}

// memberDialer dials one endpoint for the engine.
func memberDialer(d *conn.Dialer) func(context.Context, string) (*follow.Server, error) {
	return func(ctx context.Context, endpoint string) (*follow.Server, error) {
		c, err := d.Dial(ctx, endpoint)
		if err != nil {
			return nil, err
		}
		cc := c.ActiveConnection()
		return &follow.Server{
			Endpoint: withoutLogin(endpoint), Watch: pb.NewWatchClient(cc), KV: pb.NewKVClient(cc), Lease: pb.NewLeaseClient(cc),
			Maintenance: pb.NewMaintenanceClient(cc), Explain: c.Explain, Close: c.Close,
		}, nil
	}
}

// report keeps the metrics up to date until the function that it returns is
// called.
func (o *backupFollowOptions) report(ctx context.Context, a *app, f *follow.Options) (stop func()) {
	var mu sync.Mutex
	var now follow.Status
	f.Report = func(s follow.Status) {
		mu.Lock()
		defer mu.Unlock()
		now = s
	}
	begun := a.streams.Time()
	set := func() {
		mu.Lock()
		defer mu.Unlock()
		o.metrics.follow(now, a.streams.Time())
	}
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	if o.metrics.path != "" {
		wait.Go(func() {
			tick := time.NewTicker(max(o.flush, time.Second))
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				set()
				if err := o.metrics.write(a.streams.Time(), begun, nil); err != nil {
					fmt.Fprintf(a.streams.Err, "Warning: --metrics-file: %v\n", err)
				}
			}
		})
	}
	return func() {
		cancel()
		wait.Wait()
		set()
	}
}

// follow sets the metrics about a follower.
func (m *metrics) follow(s follow.Status, now time.Time) {
	standby, lag := 0.0, 0.0
	if s.Standby {
		standby = 1
	}
	if !s.Time.IsZero() {
		lag = s.Lag(now).Seconds()
	}
	m.samples = nil
	m.set(sample{name: "lag_seconds", help: "How old the newest revision that is stored is.", value: lag})
	m.set(sample{name: "lag_revisions", help: "How many revisions were seen that are not stored.", value: float64(max(0, s.Head-s.Revision))})
	m.set(sample{name: "revision", help: "The revision up to which everything is stored.", value: float64(s.Revision)})
	m.set(sample{name: "pending_bytes", help: "The size of the records that are not stored.", value: float64(s.Pending)})
	m.set(sample{name: "increments_total", help: "How many increments this run has stored.", value: float64(s.Stored)})
	m.set(sample{name: "is_standby", help: "Whether another follower stores the increments.", value: standby})
}
