package snapshot

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"etcdkit/internal/output"
)

// SaveOptions are the options of Save. The zero value has none set.
type SaveOptions struct {
	// Progress is called, on Save's goroutine, after each piece written with
	// the number of bytes so far. It may be nil.
	Progress func(written int64)
}

// SaveResult describes a snapshot that was saved.
type SaveResult struct {
	Size   int64 // bytes of the file, with its sha256
	SHA256 [sha256.Size]byte
}

// Save writes the stream of a server's Snapshot call to a file at path, with
// mode 0600. It verifies the sha256 that ends the stream while it writes, and
// that the rest is a backend file. Only then does the file appear at path, in
// place of what was there: after an error, or when ctx is done, path is as it
// was and nothing else is left. Its memory does not depend on the size.
//
// Save looks at ctx between reads. It is for the caller to open src with the
// same ctx, so that a read ends with it.
func Save(ctx context.Context, src io.Reader, path string, opts SaveOptions) (_ SaveResult, err error) {
	out, err := output.Create(path)
	if err != nil {
		return SaveResult{}, err
	}
	defer func() { err = errors.Join(err, out.Abort()) }()
	sum := newTrailingSum()
	if err := receive(ctx, src, io.MultiWriter(out, sum), opts.Progress); err != nil {
		return SaveResult{}, fmt.Errorf("could not write snapshot: %w", err)
	}
	if !hasChecksum(sum.size) {
		return SaveResult{}, fmt.Errorf("sha256 checksum not found [bytes: %d]: %w", sum.size, ErrNoChecksum)
	}
	if err := sum.verify(); err != nil {
		return SaveResult{}, fmt.Errorf("could not write snapshot: %w", err)
	}
	f, err := Open(out.Name())
	if err != nil {
		return SaveResult{}, fmt.Errorf("could not write snapshot: %w", err)
	}
	if err := f.Close(); err != nil {
		return SaveResult{}, err
	}
	if err := canceled(ctx); err != nil {
		return SaveResult{}, err
	}
	return SaveResult{Size: sum.size, SHA256: sum.end}, out.Commit()
}

// receive copies src to dst until its end or that of ctx.
func receive(ctx context.Context, src io.Reader, dst io.Writer, progress func(int64)) error {
	buf := make([]byte, maxWindow)
	var written int64
	for {
		if err := canceled(ctx); err != nil {
			return err
		}
		n, err := src.Read(buf)
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return err
			}
			written += int64(n)
			if progress != nil {
				progress(written)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// trailingSum hashes what is written to it, except for the last bytes, which
// are the hash to compare with.
type trailingSum struct {
	h    hash.Hash
	end  [sha256.Size]byte // the last bytes so far
	size int64
}

func newTrailingSum() *trailingSum { return &trailingSum{h: sha256.New()} }

// Write implements io.Writer. It does not fail.
func (s *trailingSum) Write(b []byte) (int, error) {
	held := int(min(s.size, sha256.Size))
	s.size += int64(len(b))
	out := held + len(b) - sha256.Size // bytes that are no longer the last ones
	if out <= 0 {
		copy(s.end[held:], b)
		return len(b), nil
	}
	early := min(out, held)
	_, _ = s.h.Write(s.end[:early])
	_, _ = s.h.Write(b[:out-early])
	copy(s.end[:], s.end[early:held])
	copy(s.end[held-early:], b[out-early:])
	return len(b), nil
}

// verify compares the last bytes with the hash of all others.
func (s *trailingSum) verify() error {
	if got := [sha256.Size]byte(s.h.Sum(nil)); got != s.end {
		return &ChecksumError{Want: s.end, Got: got}
	}
	return nil
}
