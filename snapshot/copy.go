package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// copyPiece is how much is copied between two looks at the context.
const copyPiece = 8 << 20

// CopyTo appends the database part of the file to dst, and tells done after
// each piece how much has been copied. The system may do it without moving a
// byte. A file that has become shorter gives ErrChanged. It is not for several
// goroutines at once.
func (f *File) CopyTo(ctx context.Context, dst *os.File, done func(int64)) error {
	src := io.Reader(f.Data())
	if file, ok := f.src.(*os.File); ok { // which a system can copy by itself
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		src = file
	}
	for at := int64(0); at < f.data; {
		if err := canceled(ctx); err != nil {
			return err
		}
		n, err := io.CopyN(dst, src, min(copyPiece, f.data-at))
		if errors.Is(err, io.EOF) {
			err = ErrChanged
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", f.path, err)
		}
		at += n
		done(at)
	}
	return nil
}
