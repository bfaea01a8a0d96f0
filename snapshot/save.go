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
	Size   int64             // bytes of the file, with its sha256
	SHA256 [sha256.Size]byte // that ends the file
	Whole  [sha256.Size]byte // of the file with the sha256 that ends it
}

// Save writes the stream of a server's Snapshot call to out, which the caller
// ends. It verifies the sha256 that ends the stream while it writes, and, if out
// is a file, that the rest is a backend file; only then does it commit out. Its
// memory does not depend on the size.
//
// Save looks at ctx between reads. It is for the caller to open src with the
// same ctx, so that a read ends with it.
func Save(ctx context.Context, src io.Reader, out *output.File, opts SaveOptions) (SaveResult, error) {
	r, err := Copy(ctx, src, out, opts)
	if err != nil {
		return SaveResult{}, err
	}
	if !out.Stream() {
		if err := opens(out.Name()); err != nil {
			return SaveResult{}, fmt.Errorf("could not write snapshot: %w", err)
		}
	}
	if err := canceled(ctx); err != nil {
		return SaveResult{}, err
	}
	return r, out.Commit()
}

// opens makes sure that there is a backend file at path.
func opens(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// Copy writes the stream of a server's Snapshot call to out and verifies the
// sha256 that ends it. After an error out has a part of it.
func Copy(ctx context.Context, src io.Reader, out io.Writer, opts SaveOptions) (SaveResult, error) {
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
	return SaveResult{Size: sum.size, SHA256: sum.end, Whole: sum.whole()}, nil
}

// Receive copies a snapshot that can be read only once to dst. It returns how
// many bytes of it are the database, and what is wrong with the sha256 after
// them: nil, ErrNoChecksum or a *ChecksumError.
func Receive(ctx context.Context, src io.Reader, dst io.Writer) (size int64, sumErr, err error) {
	sum := newTrailingSum()
	if err := receive(ctx, src, io.MultiWriter(dst, sum), nil); err != nil {
		return 0, nil, err
	}
	if !hasChecksum(sum.size) {
		return sum.size, ErrNoChecksum, nil
	}
	return sum.size - sha256.Size, sum.verify(), nil
}

// receive copies src to dst until its end or that of ctx.
func receive(ctx context.Context, src io.Reader, dst io.Writer, progress func(int64)) error {
	buf := make([]byte, readSize)
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

// whole returns the hash of everything that was written. Nothing may be written
// afterwards.
func (s *trailingSum) whole() [sha256.Size]byte {
	_, _ = s.h.Write(s.end[:min(s.size, sha256.Size)])
	return [sha256.Size]byte(s.h.Sum(nil))
}
