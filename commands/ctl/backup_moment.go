package ctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"etcdkit/backup/increment"
	"etcdkit/backup/timeline"
	"etcdkit/commands/cli"
)

// momentOptions choose a moment of a continuous backup.
type momentOptions struct {
	at       string
	time     time.Time // that at stands for
	revision int64
}

// addTo adds the flags to a command that does something, such as "restore", with
// the moment.
func (m *momentOptions) addTo(cmd *cobra.Command, verb string) {
	cmd.Flags().StringVar(&m.at, "at", "", verb+" this `time` of a continuous backup: 2026-11-30T02:14:00Z, or \"10 minutes ago\"")
	cmd.Flags().Int64Var(&m.revision, "revision", 0, verb+" this `revision` of a continuous backup")
}

// given reports whether a moment was given, and checks it.
func (m *momentOptions) given(cmd *cobra.Command, a *app) (_ bool, err error) {
	at, revision := cmd.Flags().Changed("at"), cmd.Flags().Changed("revision")
	switch {
	case at && revision:
		return false, argsError("--at and --revision exclude each other")
	case revision && m.revision < 1:
		return false, argsError("--revision %d: give one from 1 on", m.revision)
	case at:
		if m.time, err = timeline.ParseTime(m.at, a.streams.Time()); err != nil {
			return false, argsError("--at: %w", err)
		}
	}
	return at || revision, nil
}

// restored is the snapshot of a moment.
type restored struct {
	*timeline.Result
	name string
}

// restore makes the snapshot of the moment, and says on standard error which one
// it is.
func (m *momentOptions) restore(ctx context.Context, a *app, run *backupRun, ids []age.Identity) (restored, error) {
	t, err := timeline.Read(ctx, run.Repository)
	if err != nil {
		return restored{}, err
	}
	var target *timeline.Target
	if m.at != "" {
		target, err = t.Time(ctx, run.Store, m.time)
	} else {
		target, err = t.Revision(m.revision)
	}
	if err != nil {
		return restored{}, momentError(err)
	}
	fmt.Fprintln(a.streams.Err, resolved(target))
	r, err := timeline.Restore(ctx, run.Repository, target, ids)
	if err != nil {
		return restored{}, err
	}
	fmt.Fprintln(a.streams.Err, lasting(r))
	return restored{r, fmt.Sprintf("revision %d", target.Revision)}, nil
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
		next = "a later one was at " + clock(t.Next)
	}
	return fmt.Sprintf("Revision %d: it was the latest one at %s; %s. From the full backup %s and %d increments", t.Revision, clock(t.At), next, t.Backup.Name, len(t.Increments))
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

func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
