// Package drill proves a backup by starting a server on it: it restores the
// snapshot to a private directory, starts etcd there on the loopback interface,
// and compares what the server says with what the backup should have. It runs
// etcdutl and etcd, whose paths the caller gives.
package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/backup"
)

// Options say how to run a drill.
type Options struct {
	Etcdutl string        // path of the program that restores
	Etcd    string        // path of the server
	Env     []string      // of both, and of the command
	Wait    time.Duration // how long the server may take to answer
	// Command is run with ETCDCTL_ENDPOINTS set once everything was compared. It
	// may be empty.
	Command []string
	Out     io.Writer // what the command prints, on both of its streams
	// Step is told what happens next. It may be nil.
	Step func(text string)
}

// Report is what a drill has found.
type Report struct {
	ServerVersion string
	AuthDisabled  bool // authentication was on, and is off in the private copy
	Disarmed      bool // there were alarms, which are off in the private copy
	Keys          int64
	HashKV        uint32
}

// Error is a failure of a drill that does not show damage: the server did not
// start, or the command failed.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// run is one drill.
type run struct {
	Options
	dir    string // private
	want   backup.Contents
	report Report
}

// Run restores the snapshot and compares. A difference is an error that wraps
// backup.ErrDamaged. Everything that it made is removed, and what it started has
// ended, when it returns.
func Run(ctx context.Context, plain *backup.Plain, o Options) (_ Report, err error) {
	dir, err := os.MkdirTemp("", "etcdkit-drill-*") // for its owner alone
	if err != nil {
		return Report{}, err
	}
	r := &run{Options: o, dir: dir, want: plain.Contents}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r.step("restoring the snapshot")
	db := filepath.Join(dir, "snapshot.db")
	changed, err := r.prepare(ctx, plain, db)
	if err != nil {
		return r.report, err
	}
	s, err := r.start(ctx, db, changed)
	if err != nil {
		return r.report, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return r.report, r.compare(ctx, s)
}

func (r *run) step(text string) {
	if r.Step != nil {
		r.Step(text)
	}
}

// restore makes the data directory of a server with this peer URL. The checksum
// of a file that was changed is left out.
func (r *run) restore(ctx context.Context, db, peerURL, changed string) error {
	args := []string{
		"snapshot", "restore", "--data-dir", r.dataDir(), "--name", member, "--initial-cluster", member + "=" + peerURL,
		"--initial-advertise-peer-urls", peerURL, "--skip-hash-check=" + changed, db,
	}
	cmd := exec.CommandContext(ctx, r.Etcdutl, args...)
	cmd.Env = without(r.Env, "ETCDUTL_")
	if out, err := cmd.CombinedOutput(); err != nil {
		return &Error{fmt.Errorf("%s could not restore the snapshot: %w: %s", r.Etcdutl, err, lastLine(out))}
	}
	return nil
}

func (r *run) dataDir() string { return filepath.Join(r.dir, "data") }

// compare asks the server for everything that the backup should have.
func (r *run) compare(ctx context.Context, s *server) error {
	r.step("comparing")
	got, err := s.client.HashKV(ctx, s.url, r.want.Revision)
	if err != nil {
		return &Error{fmt.Errorf("ask the server for its hash at revision %d: %w", r.want.Revision, err)}
	}
	count, err := s.client.Get(ctx, "\x00", clientv3.WithFromKey(), clientv3.WithCountOnly(), clientv3.WithRev(r.want.Revision))
	if err != nil {
		return &Error{fmt.Errorf("count the keys: %w", err)}
	}
	members, err := s.client.MemberList(ctx)
	if err != nil {
		return &Error{fmt.Errorf("list the members: %w", err)}
	}
	r.report.HashKV, r.report.Keys = got.Hash, count.Count
	for _, one := range []struct {
		what      string
		got, want any
	}{
		{"compact revision", got.CompactRevision, r.want.CompactRevision},
		{"hash of the keys", got.Hash, r.want.HashKV},
		{"number of keys", count.Count, r.want.Keys},
		{"number of members", len(members.Members), 1},
	} {
		if one.got != one.want {
			return fmt.Errorf("the %s of the server is %v, not %v: %w", one.what, one.got, one.want, backup.ErrDamaged)
		}
	}
	if err := writes(ctx, s.client); err != nil {
		return err
	}
	return r.command(ctx, s)
}

// probe is the key that a drill writes in its private copy.
const probe = "etcdkit-drill"

// writes puts a key, gets it and deletes it.
func writes(ctx context.Context, c *clientv3.Client) error {
	put, err := c.Put(ctx, probe, "written")
	if err != nil {
		return &Error{fmt.Errorf("write a key: %w", err)}
	}
	got, err := c.Get(ctx, probe)
	if err != nil {
		return &Error{fmt.Errorf("read a key: %w", err)}
	}
	if len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "written" || got.Kvs[0].ModRevision != put.Header.Revision {
		return fmt.Errorf("the server does not return the key that was written: %w", backup.ErrDamaged)
	}
	if _, err := c.Delete(ctx, probe); err != nil {
		return &Error{fmt.Errorf("delete a key: %w", err)}
	}
	return nil
}

// command runs the command of the user.
func (r *run) command(ctx context.Context, s *server) error {
	if len(r.Command) == 0 {
		return nil
	}
	r.step("running " + r.Command[0])
	cmd := exec.CommandContext(ctx, r.Command[0], r.Command[1:]...) //nolint:gosec // the user's own
	cmd.Env = append(without(r.Env, "ETCDCTL_"), "ETCDCTL_ENDPOINTS="+s.url)
	cmd.Stdout, cmd.Stderr = r.Out, r.Out
	if err := cmd.Run(); err != nil {
		return &Error{fmt.Errorf("command %s: %w", r.Command[0], err)}
	}
	return nil
}

// without returns the variables that do not begin with prefix.
func without(env []string, prefix string) []string {
	var kept []string
	for _, one := range env {
		if !strings.HasPrefix(one, prefix) {
			kept = append(kept, one)
		}
	}
	return kept
}

// lastLine is the last line of an output, for an error.
func lastLine(out []byte) string {
	text := strings.TrimSpace(string(out))
	return text[strings.LastIndex(text, "\n")+1:]
}
