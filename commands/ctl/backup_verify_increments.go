package ctl

import (
	"context"
	"errors"
	"fmt"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/store"
	"etcdkit/commands/repository"
	"etcdkit/printer/view"
)

// verifyIncrements verifies what backup follow has stored, and returns a result for
// each increment and how many are not good. One that was merged into a larger one
// meanwhile is left out.
func verifyIncrements(ctx context.Context, run *backupRun, v verification) (all []view.Item, bad int, err error) {
	l, err := increment.List(ctx, run.Store)
	if errors.Is(err, store.ErrMissing) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, repository.Code(err)
	}
	for _, inc := range l.Increments {
		err := increment.Verify(ctx, run.Store, inc, v.identities)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err != nil && !errors.Is(err, backup.ErrDamaged):
			return all, bad, repository.Code(fmt.Errorf("%s: %w", inc.Object, err))
		case err != nil:
			bad++
		}
		all = append(all, incrementItem(inc.Object, fmt.Sprintf("revisions %d to %d", inc.After+1, inc.To), err))
	}
	for _, u := range l.Unusable {
		bad++
		all = append(all, incrementItem(u.Object, "", u.Why))
	}
	return all, bad, nil
}

func incrementItem(object, what string, err error) view.Item {
	verdict, problem, line := view.VerdictOK, "", fmt.Sprintf("%s: ok (%s): %s", object, backup.Deep, what)
	if err != nil {
		verdict, problem = view.VerdictDamaged, err.Error()
		line = object + ": damaged: " + problem
	}
	return view.Item{Line: line, Values: []view.Named{
		{Name: "name", V: object}, {Name: "verdict", V: verdict}, {Name: "how", V: string(backup.Deep)}, {Name: "problem", V: problem},
	}}
}
