package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"github.com/spf13/pflag"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/timeline"
	"etcdkit/commands/cli"
)

// Moment is the flags that choose a moment of a continuous backup.
type Moment struct {
	at       string
	time     time.Time // that at stands for
	revision int64
}

// AddTo adds the flags of a command that does something, such as "restore",
// with the moment.
func (m *Moment) AddTo(fs *pflag.FlagSet, verb string) {
	fs.StringVar(&m.at, "at", "", verb+" this `time` of a continuous backup: 2026-11-30T02:14:00Z, or \"10 minutes ago\"")
	fs.Int64Var(&m.revision, "revision", 0, verb+" this `revision` of a continuous backup")
}

// Given reports whether a moment was given, and checks it.
func (m *Moment) Given(fs *pflag.FlagSet, now time.Time) (_ bool, err error) {
	at, revision := fs.Changed("at"), fs.Changed("revision")
	switch {
	case at && revision:
		return false, wrong("--at and --revision exclude each other")
	case revision && m.revision < 1:
		return false, wrong("--revision %d: give one from 1 on", m.revision)
	case at:
		if m.time, err = timeline.ParseTime(m.at, now); err != nil {
			return false, wrong("--at: %w", err)
		}
	}
	return at || revision, nil
}

// Restored is the snapshot of a moment. The caller closes it.
type Restored struct {
	*timeline.Result
	Name string // of the moment
}

// Restore makes the snapshot of the moment, or of the newest one if none was given,
// and says on standard error which one it is.
func (m *Moment) Restore(ctx context.Context, stderr io.Writer, r *backup.Repository, ids []age.Identity) (Restored, error) {
	t, err := timeline.Read(ctx, r)
	if err != nil {
		return Restored{}, err
	}
	var target *timeline.Target
	switch {
	case m.at != "":
		target, err = t.Time(ctx, r.Store, m.time)
	case m.revision != 0:
		target, err = t.Revision(m.revision)
	default:
		target, err = t.Newest()
	}
	if err != nil {
		return Restored{}, momentError(err)
	}
	fmt.Fprintln(stderr, resolved(target))
	made, err := timeline.Restore(ctx, r, target, ids)
	if err != nil {
		return Restored{}, err
	}
	fmt.Fprintln(stderr, lasting(made))
	return Restored{made, fmt.Sprintf("revision %d", target.Revision)}, nil
}

func momentError(err error) error {
	var unknown *timeline.UnknownError
	if errors.As(err, &unknown) {
		return cli.Exit(cli.BackupStore, err)
	}
	return err
}

// resolved says what a moment was resolved to, and what is known of it.
func resolved(t *timeline.Target) string {
	next := "no later revision is recorded"
	if !t.Next.IsZero() {
		next = "a later one was at " + Clock(t.Next)
	}
	return fmt.Sprintf("Revision %d: it was the latest one at %s; %s. From the full backup %s and %d increments", t.Revision, Clock(t.At), next, t.Backup.Name, len(t.Increments))
}

// lasting says where what is in no watch comes from.
func lasting(r *timeline.Result) string {
	var leases string
	switch r.LeaseSource {
	case increment.Exact:
		leases = "leases are exact; "
	case increment.Polled:
		leases = "leases are as they were polled at the flush before and after; "
	default:
		leases = "leases, "
	}
	if r.Guessed > 0 {
		leases = fmt.Sprintf("%sthe TTL of %d is not known and a minute now; ", leases, r.Guessed)
	}
	hash := ""
	if r.Hashed > 0 {
		hash = fmt.Sprintf("; the hash at revision %d is the server's", r.Hashed)
	}
	return "Not from a watch: " + leases + "users, roles and members are those of the full backup" + hash
}

// Clock is a time for people, in UTC.
func Clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// wrong refuses the arguments of a command.
func wrong(format string, args ...any) error {
	return cli.Exit(cli.BadArgs, fmt.Errorf(format, args...))
}
