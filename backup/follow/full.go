package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/store"
)

// full is the newest full backup; the follower's lock guards it.
type full struct {
	name     string
	revision int64
	time     time.Time
	own      bool // this follower has taken it
}

// save takes a full backup and prunes.
func (f *follower) save(ctx context.Context) (*backup.Backup, error) {
	b, err := f.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("take a full backup: %w", err)
	}
	f.note(b, true)
	f.tell("full backup %s taken: revision %d", b.Name, b.Revision)
	if f.Retain != nil {
		f.prune(ctx)
	}
	return b, nil
}

// note makes a backup the newest one. own says that this follower has taken it.
func (f *follower) note(b *backup.Backup, own bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b.Name == f.full.name {
		return
	}
	f.full = full{b.Name, b.Revision, b.Time, own}
	f.status.Backup = b.Name
}

// newest notes the newest good full backup of the cluster and returns it, nil if
// the repository has none: the first backup makes the repository.
func (f *follower) newest(ctx context.Context, cluster string) (*backup.Backup, error) {
	l, err := f.Repo.List(ctx)
	if errors.Is(err, store.ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, b := range l.Backups {
		if b.ClusterID == cluster {
			f.note(b, false)
			return b, nil
		}
	}
	return nil, nil
}

func (f *follower) prune(ctx context.Context) {
	plan, err := f.Repo.Plan(ctx, *f.Retain)
	if err == nil {
		err = f.Repo.Apply(ctx, plan, nil)
	}
	if err != nil && ctx.Err() == nil {
		f.tell("old backups could not be removed: %v; trying again after the next full backup", err)
	}
}

// fulls takes a full backup whenever the newest one has become too old.
func (f *follower) fulls(ctx context.Context) {
	for {
		f.mu.Lock()
		age := f.Repo.Now().Sub(f.full.time)
		standby := f.status.Standby
		f.mu.Unlock()
		// A clock that was set back must not put the next one off for long.
		if !sleep(ctx, min(max(f.FullEvery-age, time.Second), f.FullEvery)) {
			return
		}
		f.mu.Lock()
		due := !standby && !f.status.Standby && f.Repo.Now().Sub(f.full.time) >= f.FullEvery-time.Second
		f.mu.Unlock()
		if !due {
			continue
		}
		if _, err := f.save(ctx); err != nil && ctx.Err() == nil {
			f.tell("%v; trying again later", err)
			if !sleep(ctx, min(5*time.Minute, f.FullEvery)) {
				return
			}
		}
	}
}
