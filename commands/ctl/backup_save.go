package ctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/backup"
	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/commands/repository"
	"etcdkit/keyspace/backend"
	"etcdkit/printer/view"
)

type backupSaveOptions struct {
	*backupOptions
	prefer     string
	verify     string
	compress   string
	recipients []string
	identities repository.Identities
}

// The values of --prefer.
const (
	preferFollower = "follower"
	preferLeader   = "leader"
	preferNone     = "none"
)

func (o *backupSaveOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.prefer, "prefer", preferFollower, "the `member` to take a snapshot of if there are several --endpoints: follower, leader, or none for their order")
	fs.StringVar(&o.verify, "verify", string(backup.Readback), "`how` to verify what was stored: readback compares the bytes, deep also decrypts and checks every record, none")
	fs.StringVar(&o.compress, "compress", string(backup.Zstd), "`how` to compress the snapshot: zstd, none")
	fs.StringArrayVar(&o.recipients, "age-recipient", nil, "encrypt to this age `recipient`: a public key, or a file of them; may be given several times")
	o.identities.AddTo(cmd.Flags())
	cli.CompleteFlag(cmd, "prefer", preferFollower, preferLeader, preferNone)
	cli.CompleteFlag(cmd, "verify", string(backup.Readback), string(backup.Deep), string(backup.None))
	cli.CompleteFlag(cmd, "compress", string(backup.Zstd), string(backup.Uncompressed))
}

// options checks the flags and returns what they say.
func (o *backupSaveOptions) options() (s backup.SaveOptions, err error) {
	for _, one := range []struct {
		flag, value string
		of          []string
	}{
		{"prefer", o.prefer, []string{preferFollower, preferLeader, preferNone}},
		{"verify", o.verify, []string{string(backup.Readback), string(backup.Deep), string(backup.None)}},
		{"compress", o.compress, []string{string(backup.Zstd), string(backup.Uncompressed)}},
	} {
		if !slices.Contains(one.of, one.value) {
			return s, argsError("--%s %s: use one of %s", one.flag, cli.Quote(one.value), joined(one.of))
		}
	}
	s.Verify, s.Compression = backup.How(o.verify), backup.Compression(o.compress)
	if s.Recipients, err = readRecipients(o.recipients); err != nil {
		return s, err
	}
	if s.Identities, err = o.identities.Read(); err != nil {
		return s, err
	}
	if s.Verify == backup.Deep && len(s.Recipients) > 0 && len(s.Identities) == 0 {
		return s, argsError("--verify deep of an encrypted backup requires --age-identity FILE; --verify readback needs none")
	}
	return s, nil
}

func newBackupSave(a *app, shared *backupOptions) *cobra.Command {
	o := &backupSaveOptions{backupOptions: shared}
	cmd := &cobra.Command{
		Use:   "save",
		Short: "Save a backup of the cluster",
		Long: `Save a snapshot of one member to the repository. It is compressed, and with
--age-recipient encrypted. Every page and record is checked, the stored bytes are
read back and compared, and only then the backup gets its manifest: a save that
fails leaves no backup. Saving needs public keys only.

If there are several --endpoints, followers are preferred; an endpoint that can't
be reached is passed over. The snapshot passes through a temporary file, which no
other program sees; TMPDIR chooses where. It needs room for the snapshot and its
compressed form. There is no time limit unless --command-timeout is given.`,
		Example: `  etcdctl backup save --repo /var/backups/etcd
  etcdctl backup save --repo /var/backups/etcd --age-recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  etcdctl backup save --repo /var/backups/etcd --age-recipient recipients.txt --verify deep --age-identity key.txt`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) > 0 {
				return argsError("backup save accepts no arguments; --repo names the repository")
			}
			opts, err := o.options()
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
			ctx := cmd.Context()
			if a.conn.TimeoutGiven() {
				var cancel context.CancelFunc
				ctx, cancel = a.limit(ctx)
				defer cancel()
			}
			begun := a.streams.Time()
			progress := a.streams.Progress("received", cli.Bytes)
			opts.Received = func(n int64) { progress.Set(n, 0) }
			phases := newPhases(a)
			opts.Stage = phases.begin
			b, err := o.take(ctx, a, d, run.Repository, opts)
			progress.Done()
			phases.end(&o.metrics)
			if err != nil {
				return repository.Code(err)
			}
			o.metrics.backup(b)
			return run.print(savedItem(b, a.streams.Time().Sub(begun)))
		},
	}
	o.addFlags(cmd)
	return curlRefuses(withMetrics(a, o.backupOptions, cmd), "the gateway sends a snapshot in pieces, as JSON")
}

// take saves a snapshot of the preferred endpoint.
func (o *backupSaveOptions) take(ctx context.Context, a *app, d *conn.Dialer, to *backup.Repository, opts backup.SaveOptions) (*backup.Backup, error) {
	s := newBackupSource(ctx, a, d.FailFast(), o)
	defer s.stream.Close()
	opts.Origin = s.origin
	b, err := to.Save(ctx, s.stream, opts)
	if opening := s.stream.Err(); err != nil && opening != nil {
		return nil, &backup.SourceError{Err: opening}
	}
	return b, err
}

// savedItem is the result of a save.
func savedItem(b *backup.Backup, took time.Duration) view.Item {
	i := backupItem(b)
	verified := "not verified"
	if b.Verified != backup.None {
		verified = "verified (" + string(b.Verified) + ")"
	}
	i.Line = fmt.Sprintf("Saved %s: revision %d, %s, %s stored, %s, in %.1f s", b.Name, b.Revision, bytesText(b.Plain.Size), bytesText(b.Stored.Size), verified, took.Seconds())
	return i
}

// backupSource is the snapshot of one of several endpoints, and where it came
// from.
type backupSource struct {
	stream   *backend.Stream
	dialer   cluster.Dialer
	chosen   string
	statuses map[string]*pb.StatusResponse
}

// newBackupSource asks each endpoint for its status, and returns a stream from
// the first one that can be reached, in the order of preference.
func newBackupSource(ctx context.Context, a *app, d *conn.Dialer, o *backupSaveOptions) *backupSource {
	s := &backupSource{dialer: askThrough(d, a.conn.Timeout()), statuses: map[string]*pb.StatusResponse{}}
	b := a.backendOptions(d)
	if len(b.Endpoints) > 0 {
		s.chosen = b.Endpoints[0]
	}
	if len(b.Endpoints) > 1 && o.prefer != preferNone {
		for _, got := range cluster.Ask(ctx, s.dialer, single(b.Endpoints), cluster.Status) {
			if got.Err == nil {
				s.statuses[got.Endpoint] = got.Value
			}
		}
		slices.SortStableFunc(b.Endpoints, func(x, y string) int {
			return cmp.Compare(s.rank(x, o.prefer), s.rank(y, o.prefer))
		})
	}
	announce := b.Chosen
	b.Chosen = func(endpoint string) {
		s.chosen = endpoint
		if !o.quiet {
			announce(endpoint)
		}
	}
	s.stream = backend.New(ctx, b)
	return s
}

// rank orders endpoints by the preference: those that did not answer come last.
func (s *backupSource) rank(endpoint, prefer string) int {
	status := s.statuses[endpoint]
	if status == nil {
		return 3
	}
	leads := status.GetLeader() == status.GetHeader().GetMemberId()
	switch {
	case status.GetIsLearner():
		return 2
	case leads == (prefer == preferLeader):
		return 0
	}
	return 1
}

// withoutLogin is an endpoint without the user and password that a URL may have.
func withoutLogin(endpoint string) string {
	scheme, rest, ok := strings.Cut(endpoint, "://")
	if !ok {
		scheme, rest = "", endpoint
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = rest[at+1:]
	}
	if ok {
		return scheme + "://" + rest
	}
	return rest
}

// origin says where the snapshot came from. The endpoint is asked after the
// stream, unless it was before.
func (s *backupSource) origin(ctx context.Context) (backup.Origin, error) {
	status := s.statuses[s.chosen]
	if status == nil {
		got := cluster.AskOne(ctx, s.dialer, cluster.Target{s.chosen}, cluster.Status)
		if got.Err != nil {
			return backup.Origin{}, fmt.Errorf("get the status of endpoint %s: %w", s.chosen, got.Err)
		}
		status = got.Value
	}
	hex := func(id uint64) string { return strconv.FormatUint(id, 16) }
	return backup.Origin{
		ClusterID: hex(status.GetHeader().GetClusterId()), MemberID: hex(status.GetHeader().GetMemberId()),
		ServerVersion: status.GetVersion(), Endpoint: withoutLogin(s.chosen),
	}, nil
}
