package ctl

import (
	"context"
	"fmt"
	"time"

	"etcdkit/backup/follow"
	"etcdkit/backup/increment"
	"etcdkit/printer/view"
)

// lag is how far a continuous backup is.
type lag struct {
	newest  *increment.Increment // nil for a repository without increments
	age     time.Duration
	problem string
}

// lag reads the newest increment.
func (r *backupRun) lag(ctx context.Context, a *app, most time.Duration) (lag, error) {
	newest, err := follow.Newest(ctx, r.Store)
	if err != nil && !missing(err) {
		return lag{}, err
	}
	if err != nil || newest == nil {
		return lag{problem: "the repository has no increments: \"etcdctl backup follow\" stores them"}, nil
	}
	l := lag{newest: newest, age: a.streams.Time().Sub(newest.Time)}
	switch {
	case l.age > most:
		l.problem = fmt.Sprintf("the newest increment, up to revision %d, is %s old; more than %s: check that \"etcdctl backup follow\" is running", newest.To, l.age.Truncate(time.Second), most)
	case l.age < -follow.ClockSkew:
		l.problem = fmt.Sprintf("the newest increment, up to revision %d, is from the future: check the clocks", newest.To)
	}
	return l, nil
}

// values are those of a result.
func (l lag) values() []view.Named {
	if l.newest == nil {
		return []view.Named{{Name: "revision", V: int64(0)}, {Name: "lag_seconds", V: int64(-1)}}
	}
	return []view.Named{{Name: "revision", V: l.newest.To}, {Name: "lag_seconds", V: int64(l.age / time.Second)}}
}

func (l lag) item() view.Item {
	verdict := view.VerdictOK
	if l.problem != "" {
		verdict = "too old"
	}
	line := verdict + ": no increments"
	if l.newest != nil {
		line = fmt.Sprintf("%s: revision %d, %s old", verdict, l.newest.To, l.age.Truncate(time.Second))
	}
	return view.Item{Line: line, Values: append([]view.Named{{Name: "verdict", V: verdict}}, l.values()...)}
}
