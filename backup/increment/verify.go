package increment

import (
	"context"
	"errors"
	"io"

	"filippo.io/age"

	"etcdkit/backup/store"
)

// Verify reads an increment to its end: the stored bytes and every record in them
// are what its manifest says. The error wraps pack.ErrDamaged if they are not. As
// for [Open], a small increment may be gone.
func Verify(ctx context.Context, s store.Store, inc *Increment, ids []age.Identity) (err error) {
	r, err := Open(ctx, s, inc, OpenOptions{Identities: ids})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		_, err := r.Next() // which reads what is left of the part before
		if err == io.EOF { //nolint:errorlint // the end of the parts
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}
