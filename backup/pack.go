package backup

import (
	"errors"
	"io"

	"etcdkit/backup/pack"
)

type (
	// Sum is the size and the sha256 of some bytes.
	Sum = pack.Sum
	// Compression is how a snapshot is compressed.
	Compression = pack.Compression
	// Packing is how a snapshot is stored.
	Packing = pack.Packing
)

// The ways to compress a snapshot.
const (
	Zstd         = pack.Zstd
	Uncompressed = pack.Uncompressed
)

// Format is the version of the format that this package writes, and the newest
// that it reads.
const Format = pack.Format

// The errors about what is stored; see package pack.
var (
	ErrDamaged  = pack.ErrDamaged
	ErrNewer    = pack.ErrNewer
	ErrIdentity = pack.ErrIdentity
)

// damaged is an error that wraps ErrDamaged.
func damaged(format string, args ...any) error { return pack.Damaged(format, args...) }

// layers are the layers of the snapshot.
func (m *Manifest) layers() pack.Layers {
	return pack.Layers{
		Of: m.Name, Content: "snapshot", Encrypted: m.Encrypted(), Zstd: m.compressed(),
		Plain: m.Plain, Compressed: m.Compressed, Stored: m.Stored,
	}
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
