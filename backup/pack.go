package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// Compression is how a snapshot is compressed.
type Compression string

// The ways to compress a snapshot.
const (
	Zstd         Compression = "zstd"
	Uncompressed Compression = "none"
)

// Packing is how a snapshot is stored. The zero value stores it as it is.
type Packing struct {
	Compression Compression
	Recipients  []age.Recipient // none stores it unencrypted
}

// data is the name of the object with the snapshot.
func (p Packing) data() string {
	name := dataObject
	if p.Compression == Zstd {
		name += zstdSuffix
	}
	if len(p.Recipients) > 0 {
		name += ageSuffix
	}
	return name
}

// packs reports whether the stored bytes differ from the plain ones.
func (p Packing) packs() bool { return p.Compression == Zstd || len(p.Recipients) > 0 }

// counter counts and hashes what is written to it.
type counter struct {
	h    hash.Hash
	size int64
}

func newCounter() *counter { return &counter{h: sha256.New()} }

// Write implements io.Writer. It does not fail.
func (c *counter) Write(b []byte) (int, error) {
	c.size += int64(len(b))
	return c.h.Write(b)
}

// sum returns what was written so far.
func (c *counter) sum() Sum { return Sum{Size: c.size, SHA256: hex.EncodeToString(c.h.Sum(nil))} }

// packer compresses and encrypts what is written to it.
type packer struct {
	layers             []io.WriteCloser // the outermost, which is written to, first
	compressed, stored *counter         // nil if there is no such layer
}

// window bounds the memory that decompressing a snapshot takes, in bytes.
const window = 8 << 20

// pack returns a packer that writes to out.
func (p Packing) pack(out io.Writer) (*packer, error) {
	k := &packer{}
	next := out
	if len(p.Recipients) > 0 {
		k.stored = newCounter()
		next = io.MultiWriter(next, k.stored)
		w, err := age.Encrypt(next, p.Recipients...)
		if err != nil {
			return nil, fmt.Errorf("encrypt: %w", err)
		}
		k.layers = append(k.layers, w)
		next = w
	}
	if p.Compression == Zstd {
		k.compressed = newCounter()
		next = io.MultiWriter(next, k.compressed)
		// The fastest level keeps up with a server on two processors; see
		// docs/backup-format.md for what the others save.
		w, err := zstd.NewWriter(next, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(window/2))
		if err != nil {
			return nil, fmt.Errorf("compress: %w", err)
		}
		k.layers = append([]io.WriteCloser{w}, k.layers...)
		next = w
	}
	k.layers = append([]io.WriteCloser{nopCloser{next}}, k.layers...)
	return k, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// Write implements io.Writer.
func (k *packer) Write(b []byte) (int, error) { return k.layers[0].Write(b) }

// Close writes what the layers have kept back. It does not close the output.
func (k *packer) Close() error {
	for _, w := range k.layers {
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}

// ErrIdentity says that a backup is encrypted and no identity can decrypt it.
var ErrIdentity = errors.New("no identity to decrypt it")

// unpack copies the plain snapshot to out while it checks the sizes and the
// checksums of every layer. An error about the content wraps ErrDamaged.
func (m *Manifest) unpack(stored io.Reader, out io.Writer, ids []age.Identity) error {
	storedSum := &tally{r: stored, counter: newCounter(), want: m.Stored, what: "the stored bytes"}
	var next io.Reader = storedSum
	if m.Encrypted() {
		if len(ids) == 0 {
			return fmt.Errorf("%s is encrypted: %w; give --age-identity FILE", m.Name, ErrIdentity)
		}
		r, err := age.Decrypt(next, ids...)
		if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
			if _, err := io.Copy(io.Discard, onlyReader{storedSum}); err != nil { // a damaged header has no match either
				return storedSum.blame("read", err)
			}
			return fmt.Errorf("%s is encrypted to other recipients than those of --age-identity: %w", m.Name, ErrIdentity)
		}
		if err != nil {
			return storedSum.blame("decrypt", err)
		}
		next = r
	}
	sums := []*tally{storedSum}
	if m.Encrypted() && m.compressed() {
		sums = append(sums, &tally{r: next, counter: newCounter(), want: m.Compressed, what: "the compressed bytes"})
		next = sums[1]
	}
	if m.compressed() {
		z, err := zstd.NewReader(next, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxWindow(window))
		if err != nil {
			return err
		}
		defer z.Close()
		next = z
	}
	if m.Encrypted() || m.compressed() {
		next = &tally{r: next, counter: newCounter(), want: m.Plain, what: "the bytes of the snapshot"}
	}
	buf := make([]byte, 256<<10)
	if _, err := io.CopyBuffer(sink{out}, onlyReader{next}, buf); err != nil {
		return storedSum.blame("read", err)
	}
	// A decoder may stop before the end of its input.
	for _, t := range slices.Backward(sums) {
		if _, err := io.CopyBuffer(onlyWriter{io.Discard}, t, buf); err != nil {
			return storedSum.blame("read", err)
		}
	}
	return nil
}

// onlyWriter hides the methods with which a copy would bypass its buffer.
type onlyWriter struct{ io.Writer }

// onlyReader hides all other methods.
type onlyReader struct{ io.Reader }

// tally counts what is read through it, and compares it at its end.
type tally struct {
	*counter
	r    io.Reader
	want Sum
	what string
	err  error // of the source, other than its end
}

func (t *tally) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	_, _ = t.Write(b[:n]) // never fails
	switch {
	case t.size > t.want.Size:
		return 0, damaged("%s are longer than %d bytes", t.what, t.want.Size)
	case errors.Is(err, io.EOF):
		if got := t.sum(); got != t.want {
			return 0, damaged("%s differ from the manifest: %d bytes with sha256 %s..., not %d with %s...", t.what, got.Size, got.SHA256[:8], t.want.Size, t.want.SHA256[:8])
		}
	case err != nil:
		t.err = err
	}
	return n, err
}

// blame returns an error of reading a backup: that of the store if it failed,
// and damage otherwise.
func (t *tally) blame(what string, err error) error {
	switch {
	case t.err != nil:
		return t.err
	case errors.Is(err, ErrDamaged), errors.Is(err, errSink):
		return err
	}
	return damaged("%s the stored snapshot: %w", what, err)
}

// errSink marks the errors of writing a plain snapshot.
var errSink = errors.New("write")

// sink is where a plain snapshot is written.
type sink struct{ w io.Writer }

func (s sink) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	if err != nil {
		err = &sinkError{err}
	}
	return n, err
}

type sinkError struct{ err error }

func (e *sinkError) Error() string   { return e.err.Error() }
func (e *sinkError) Unwrap() []error { return []error{errSink, e.err} }
