package pack

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

// Sum is the size and the sha256 of some bytes.
type Sum struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // in hexadecimal
}

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
	// Window is how far zstd looks back, in bytes; 0 is the default, which suits
	// large data. Compressing takes several times as much memory.
	Window int
}

// Suffix is what the layers add to the name of an object.
func (p Packing) Suffix() string {
	suffix := ""
	if p.Compression == Zstd {
		suffix = ZstdSuffix
	}
	if len(p.Recipients) > 0 {
		suffix += AgeSuffix
	}
	return suffix
}

// The suffixes of layers.
const (
	ZstdSuffix = ".zst"
	AgeSuffix  = ".age"
)

// Packs reports whether the stored bytes differ from the plain ones.
func (p Packing) Packs() bool { return p.Compression == Zstd || len(p.Recipients) > 0 }

// Counter counts and hashes what is written to it.
type Counter struct {
	h    hash.Hash
	size int64
}

// NewCounter returns a Counter of no bytes yet.
func NewCounter() *Counter { return &Counter{h: sha256.New()} }

// Write implements io.Writer. It does not fail.
func (c *Counter) Write(b []byte) (int, error) {
	c.size += int64(len(b))
	return c.h.Write(b)
}

// Size is how many bytes were written.
func (c *Counter) Size() int64 { return c.size }

// Sum returns what was written so far.
func (c *Counter) Sum() Sum { return Sum{Size: c.size, SHA256: hex.EncodeToString(c.h.Sum(nil))} }

// Packer compresses and encrypts what is written to it.
type Packer struct {
	layers             []io.WriteCloser // the outermost, which is written to, first
	compressed, stored *Counter         // nil if there is no such layer
}

// window bounds the memory that decompressing a snapshot takes, in bytes.
const window = 8 << 20

// Pack returns a Packer that writes to out.
func (p Packing) Pack(out io.Writer) (*Packer, error) {
	k := &Packer{}
	next := out
	if len(p.Recipients) > 0 {
		k.stored = NewCounter()
		next = io.MultiWriter(next, k.stored)
		w, err := age.Encrypt(next, p.Recipients...)
		if err != nil {
			return nil, fmt.Errorf("encrypt: %w", err)
		}
		k.layers = append(k.layers, w)
		next = w
	}
	if p.Compression == Zstd {
		k.compressed = NewCounter()
		next = io.MultiWriter(next, k.compressed)
		// The fastest level keeps up with a server on two processors; see
		// docs/backup-format.md for what the others save.
		size, workers := window/2, 2
		if p.Window > 0 {
			size, workers = p.Window, 1
		}
		w, err := zstd.NewWriter(next, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(workers), zstd.WithWindowSize(size))
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
func (k *Packer) Write(b []byte) (int, error) { return k.layers[0].Write(b) }

// Close writes what the layers have kept back. It does not close the output.
func (k *Packer) Close() error {
	for _, w := range k.layers {
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Sums returns the sums after each layer, given that of the plain bytes. It is
// called after Close.
func (k *Packer) Sums(plain Sum) (compressed, stored Sum) {
	compressed = plain
	if k.compressed != nil {
		compressed = k.compressed.Sum()
	}
	stored = compressed
	if k.stored != nil {
		stored = k.stored.Sum()
	}
	return compressed, stored
}

// ErrIdentity says that a backup is encrypted and no identity can decrypt it.
var ErrIdentity = errors.New("no identity to decrypt it")

// Layers says what stored bytes are made of.
type Layers struct {
	Of        string // the name of the backup, for messages
	Content   string // what the plain bytes are, such as "snapshot", for messages
	Encrypted bool
	Zstd      bool
	// Plain, Compressed and Stored are the sums after each step.
	Plain, Compressed, Stored Sum
}

// Reader reads the plain bytes. It checks the sizes and the sums of every layer,
// and returns io.EOF only if all of them are right. The caller closes it.
type Reader struct {
	layers Layers
	next   io.Reader
	stored *Tally
	sums   []*Tally
	zstd   *zstd.Decoder // nil for bytes that are not compressed
	ended  error
}

// Reader returns a reader of the plain bytes in stored. An error about the
// content wraps ErrDamaged.
func (l Layers) Reader(stored io.Reader, ids []age.Identity) (*Reader, error) {
	r := &Reader{layers: l, stored: NewTally(stored, l.Stored, "the stored bytes")}
	r.next, r.sums = r.stored, []*Tally{r.stored}
	if l.Encrypted {
		plain, err := l.decrypt(r.stored, ids)
		if err != nil {
			return nil, err
		}
		r.next = plain
	}
	if l.Encrypted && l.Zstd {
		t := NewTally(r.next, l.Compressed, "the compressed bytes")
		r.next, r.sums = t, append(r.sums, t)
	}
	if l.Zstd {
		z, err := zstd.NewReader(r.next, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxWindow(window))
		if err != nil {
			return nil, err
		}
		r.next, r.zstd = z, z
	}
	if l.Encrypted || l.Zstd {
		r.next = NewTally(r.next, l.Plain, "the bytes of the "+l.Content)
	}
	return r, nil
}

func (l Layers) decrypt(stored *Tally, ids []age.Identity) (io.Reader, error) {
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s is encrypted: %w; give --age-identity FILE", l.Of, ErrIdentity)
	}
	r, err := age.Decrypt(stored, ids...)
	if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
		if _, err := io.Copy(io.Discard, OnlyReader{stored}); err != nil { // a damaged header has no match either
			return nil, l.blame(stored, "read", err)
		}
		return nil, fmt.Errorf("%s is encrypted to other recipients than those of --age-identity: %w", l.Of, ErrIdentity)
	}
	if err != nil {
		return nil, l.blame(stored, "decrypt", err)
	}
	return r, nil
}

// Read implements io.Reader.
func (r *Reader) Read(b []byte) (int, error) {
	if r.ended != nil {
		return 0, r.ended
	}
	n, err := r.next.Read(b)
	if err == io.EOF { //nolint:errorlint // a wrapped one is not the end
		err = r.drain()
	}
	if err != nil {
		if err != io.EOF { //nolint:errorlint // as above
			err = r.layers.blame(r.stored, "read", err)
		}
		r.ended = err
	}
	return n, err
}

// drain reads what a decoder that stopped before the end of its input has left.
func (r *Reader) drain() error {
	buf := make([]byte, 32<<10)
	for _, t := range slices.Backward(r.sums) {
		if _, err := io.CopyBuffer(OnlyWriter{io.Discard}, t, buf); err != nil {
			return err
		}
	}
	return io.EOF
}

// Close ends the decoder. It does not close the stored bytes.
func (r *Reader) Close() {
	if r.zstd != nil {
		r.zstd.Close()
	}
}

// OnlyWriter hides the methods with which a copy would bypass its buffer.
type OnlyWriter struct{ io.Writer }

// OnlyReader hides all other methods.
type OnlyReader struct{ io.Reader }

// Tally counts what is read through it, and compares it at its end.
type Tally struct {
	*Counter
	r    io.Reader
	want Sum
	what string
	err  error // of the source, other than its end
}

// NewTally returns a reader of r that fails with ErrDamaged if the sum is not
// the wanted one. what names the bytes in the error.
func NewTally(r io.Reader, want Sum, what string) *Tally {
	return &Tally{Counter: NewCounter(), r: r, want: want, what: what}
}

// Read implements io.Reader.

func (t *Tally) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	_, _ = t.Write(b[:n]) // never fails
	switch {
	case t.size > t.want.Size:
		return 0, Damaged("%s are longer than %d bytes", t.what, t.want.Size)
	case errors.Is(err, io.EOF):
		if got := t.Sum(); got != t.want {
			return 0, Damaged("%s differ from the manifest: %d bytes with sha256 %s..., not %d with %s...", t.what, got.Size, got.SHA256[:8], t.want.Size, t.want.SHA256[:8])
		}
	case err != nil:
		t.err = err
	}
	return n, err
}

// blame returns an error of reading what is stored: that of the store if it
// failed, and damage otherwise.
func (l Layers) blame(stored *Tally, what string, err error) error {
	switch {
	case stored.err != nil:
		return stored.err
	case errors.Is(err, ErrDamaged):
		return err
	}
	return Damaged("%s the stored %s: %w", what, l.Content, err)
}
