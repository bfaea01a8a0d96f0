package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"etcdkit/backup/increment"
	"etcdkit/backup/store"
)

// Grace is how long what an interrupted save has left stays, because the save
// may still be running.
const Grace = 24 * time.Hour

// Plan is what a prune does.
type Plan struct {
	Decisions []Decision // about good and damaged backups, newest first
	// Increments go: no backup before them stays. They are sorted by line.
	Increments []*increment.Increment
	Leftovers  []Leftover // that go
	Uploads    []store.Upload
}

// Plan decides what stays by the policy, and which increments: see
// decideIncrements. Of what is left of interrupted saves,
// it takes what has not changed for [Grace].
func (r *Repository) Plan(ctx context.Context, p Policy) (*Plan, error) {
	l, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Decisions: p.Decide(l.All())}
	incs, err := increment.List(ctx, r.Store)
	if err != nil {
		return nil, err
	}
	plan.decideIncrements(incs)
	old := r.now().Add(-Grace)
	for _, left := range l.Leftovers {
		if left.Unfinished && left.Time.Before(old) {
			plan.Leftovers = append(plan.Leftovers, left)
		}
	}
	uploads, err := r.Uploads(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range uploads {
		if u.Changed.Before(old) {
			plan.Uploads = append(plan.Uploads, u)
		}
	}
	return plan, nil
}

// Uploads lists the uploads of objects of backups that have not ended. They may be
// in progress.
func (r *Repository) Uploads(ctx context.Context) ([]store.Upload, error) {
	var all []store.Upload
	for u, err := range r.Store.Incomplete(ctx, "") {
		if err != nil {
			return nil, err
		}
		if _, k := classify(u.Name); k != foreign {
			all = append(all, u)
		}
	}
	return all, nil
}

// Apply removes what the plan says, the manifest of each backup first. It
// continues after a failure, and returns all of them. done is called with the
// name of each backup that is gone; it may be nil.
func (r *Repository) Apply(ctx context.Context, p *Plan, done func(name string)) error {
	var failed error
	remove := func(name string, objects []string) {
		for _, object := range objects {
			if err := r.Store.Delete(ctx, object); err != nil {
				failed = errors.Join(failed, fmt.Errorf("remove %s: %w", object, err))
				return // what is left keeps its order: never a manifest without data
			}
		}
		if done != nil {
			done(name)
		}
	}
	if err := increment.Remove(ctx, r.Store, p.Increments); err != nil { // before the backups that they follow
		return err
	}
	for _, d := range p.Decisions {
		if !d.Keep {
			remove(d.Backup.Name, d.Backup.Objects)
		}
	}
	for _, left := range p.Leftovers {
		remove(left.Name, left.Objects)
	}
	for _, u := range p.Uploads {
		if err := r.Store.Abort(ctx, u); err != nil && !errors.Is(err, store.ErrInUse) {
			failed = errors.Join(failed, fmt.Errorf("remove the upload of %s: %w", u.Name, err))
		}
	}
	return failed
}
