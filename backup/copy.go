package backup

import (
	"context"
	"errors"
	"fmt"
	"path"

	"etcdkit/backup/pack"
	"etcdkit/backup/store"
)

// Copy copies a backup to another repository: its data, which is compared with
// the manifest as it passes and read back from there, its records, and its
// manifest last.
func (r *Repository) Copy(ctx context.Context, b *Backup, to *Repository) error {
	content, err := r.get(ctx, path.Join(b.Name, manifestObject))
	if err != nil {
		return err
	}
	if m, err := parseManifest(b.Name, content); err != nil || m.Stored != b.Stored {
		return errors.Join(err, damaged("%s changed while it was copied", b.Name))
	}
	if err := r.copyData(ctx, b, to); err != nil {
		return err
	}
	for _, rec := range b.Checked {
		if err := r.copyObject(ctx, rec.object, to); err != nil {
			return err
		}
	}
	return to.put(ctx, path.Join(b.Name, manifestObject), content)
}

// copyData copies the snapshot and reads it back. What an interrupted copy left
// there is taken over if it is whole.
func (r *Repository) copyData(ctx context.Context, b *Backup, to *Repository) (err error) {
	object := path.Join(b.Name, b.Data)
	body, err := r.Store.Get(ctx, object, 0, -1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	t := pack.NewTally(body, b.Stored, "the stored bytes")
	_, err = to.Store.Put(ctx, object, pack.OnlyReader{Reader: t}, store.PutOptions{IfAbsent: true, Size: b.Stored.Size})
	switch {
	case err == nil:
		err = to.Readback(ctx, &b.Manifest)
		if err != nil {
			return fmt.Errorf("verify the copy of %s: %w", b.Name, err)
		}
		return nil
	case !errors.Is(err, store.ErrExists):
		return err
	}
	if to.Readback(ctx, &b.Manifest) == nil {
		return nil
	}
	return fmt.Errorf("%s exists in %s with other content, left by an interrupted copy: \"etcdctl backup prune\" removes it after %s, then copy again: %w", object, to.Store.Location(), Grace, err)
}

// copyObject copies a small object, if it is missing there.
func (r *Repository) copyObject(ctx context.Context, object string, to *Repository) error {
	content, err := r.get(ctx, object)
	if err != nil {
		return err
	}
	return to.put(ctx, object, content)
}
