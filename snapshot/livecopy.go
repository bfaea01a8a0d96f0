package snapshot

import (
	"context"
	"errors"
	"fmt"

	"etcdkit/internal/spill"
	"etcdkit/snapshot/bolt"
)

// copyTries is how often a file is copied that is written to meanwhile.
const copyTries = 5

// OpenCopy opens a copy of the database at path, which a server may be using. The
// copy is in an unlinked temporary file, and ends with the File.
//
// bbolt writes changed pages to free places, and then one of the two meta pages.
// If the meta page in force is the same after the copying as before, no
// transaction has ended meanwhile, and all pages that it leads to are in the copy
// as that transaction wrote them. Otherwise the file is copied again. The error
// is ErrChanged if that was in vain.
func OpenCopy(ctx context.Context, path string) (*File, error) {
	src, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer src.Close() //nolint:errcheck // it was only read
	for range copyTries {
		f, err := copyOnce(ctx, src, path)
		if !errors.Is(err, ErrChanged) {
			return f, err
		}
	}
	return nil, fmt.Errorf("copy %s: %w; the server wrote to it during each of %d copies", path, ErrChanged, copyTries)
}

// copyOnce copies a file, and opens the copy.
func copyOnce(ctx context.Context, src Source, path string) (*File, error) {
	original, err := newFile(src, path)
	if err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	tmp, err := spill.New()
	if err != nil {
		return nil, err
	}
	if err = spill.Full(original.CopyTo(ctx, tmp.File, func(int64) {})); err == nil {
		err = original.Unchanged()
	}
	if err != nil {
		return nil, errors.Join(err, tmp.Close())
	}
	return OpenSource(tmp, path)
}

// CheckFreelist returns the damage of the list of free pages, which reading does
// not need.
func (f *File) CheckFreelist() error { return bolt.NewUse(f.db).ReadFreelist() }
