package repository

import (
	"errors"
	"fmt"

	"etcdkit/backup"
	"etcdkit/backup/store"
	"etcdkit/commands/cli"
)

// Code gives an error about backups its exit code.
func Code(err error) error {
	var (
		source *backup.SourceError
		failed *backup.StoreError
		find   *backup.FindError
	)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, backup.ErrIdentity):
		return cli.Exit(cli.BadArgs, err)
	case errors.As(err, &source):
		return cli.Recode(cli.BackupCluster, err)
	case errors.As(err, &failed):
		return cli.Exit(cli.BackupStore, Explain(err))
	case errors.Is(err, backup.ErrDamaged):
		return cli.Exit(cli.BackupDamaged, err)
	case errors.As(err, &find), errors.Is(err, backup.ErrNewer):
		return cli.Exit(cli.BackupStore, err)
	}
	return err
}

// Explain adds the next step to an error of a store.
func Explain(err error) error {
	switch {
	case errors.Is(err, store.ErrNoBucket): // which says it itself
		return err
	case errors.Is(err, store.ErrMissing):
		return fmt.Errorf("%w; check --repo, or run \"etcdctl backup save\", which makes it", err)
	case errors.Is(err, store.ErrFull):
		return fmt.Errorf("%w; \"etcdctl backup prune\" removes old backups", err)
	}
	return err
}
