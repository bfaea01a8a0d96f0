package util

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"etcdkit/backup/store"
	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/snapshot"
	"etcdkit/snapshot/offline"
)

// past is a moment of a repository of backups, which --from may name.
type past struct {
	moment     repository.Moment
	identities repository.Identities
	s3         store.Options
	given      bool // a moment
}

func (p *past) addFlags(fs *pflag.FlagSet) {
	p.moment.AddTo(fs, "read")
	p.identities.AddTo(fs)
	repository.AddS3(fs, &p.s3)
}

// check checks the flags about a moment.
func (p *past) check(a *app, fs *pflag.FlagSet) (err error) {
	p.given, err = p.moment.Given(fs, a.streams.Time())
	return err
}

// open restores the moment, or the newest one if none was given, to a temporary
// file, and opens that.
func (p *past) open(ctx context.Context, a *app, location string) (_ *offline.Cluster, err error) {
	ids, err := p.identities.Read()
	if err != nil {
		return nil, err
	}
	r, err := repository.Open(ctx, a.streams, program, location, p.s3)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Store.Close()) }()
	made, err := p.moment.Restore(ctx, cli.Visible(a.streams.Err), r, ids)
	if errors.Is(err, store.ErrMissing) {
		return nil, cli.Exit(cli.BackupStore, fmt.Errorf("%w: --%s names no repository of backups", err, fromFlag))
	}
	if err != nil {
		return nil, repository.Code(fmt.Errorf("%s: %w", location, err))
	}
	f, err := snapshot.OpenSource(made.File, location)
	if err != nil {
		return nil, errors.Join(err, made.Close())
	}
	return offline.New(f), nil
}
