package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Format is the version of the format that this package writes, and the newest
// that it reads.
const Format = 1

// MaxSealed bounds a sealed line, in bytes.
const MaxSealed = 1 << 20

var (
	// ErrDamaged is wrapped by every error about a backup that is not what its
	// manifest says, or whose manifest is not what was written.
	ErrDamaged = errors.New("damaged")
	// ErrNewer is wrapped by the error about a backup of a format that is newer
	// than this program.
	ErrNewer = errors.New("a newer format")
)

// Damaged is an error that wraps ErrDamaged.
func Damaged(format string, args ...any) error {
	return &damage{fmt.Errorf(format, args...)}
}

type damage struct{ err error }

func (d *damage) Error() string   { return d.err.Error() }
func (d *damage) Unwrap() []error { return []error{ErrDamaged, d.err} }

// sealStart precedes the checksum, which is the last member of an object.
const sealStart = `,"sha256":"`

const sealEnd = "\"}\n"

// Seal encodes v, a struct, as one line of JSON, and adds the member sha256:
// that of the line without this member.
func Seal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	sum := sha256.Sum256(b)
	b = append(b[:len(b)-2], sealStart...)
	b = hex.AppendEncode(b, sum[:])
	return append(b, sealEnd...), nil
}

// Unseal checks and decodes what Seal has encoded. Members that it does not
// know are ignored, so that a later version may add some.
func Unseal(b []byte, v any) error {
	if len(b) > MaxSealed {
		return Damaged("more than %d bytes", MaxSealed)
	}
	at := len(b) - len(sealEnd) - hex.EncodedLen(sha256.Size) - len(sealStart)
	if at < 1 || !bytes.HasPrefix(b[at:], []byte(sealStart)) || !bytes.HasSuffix(b, []byte(sealEnd)) {
		return Damaged("the checksum is missing at the end")
	}
	want := string(b[at+len(sealStart) : len(b)-len(sealEnd)])
	if got := sha256.Sum256(append(bytes.Clone(b[:at]), '}', '\n')); hex.EncodeToString(got[:]) != want {
		return Damaged("the checksum is not that of the content")
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return Damaged("%w", err)
	}
	switch {
	case version.Format > Format:
		return fmt.Errorf("format %d is %w than this program reads (%d): use a newer etcdctl", version.Format, ErrNewer, Format)
	case version.Format < 1:
		return Damaged("no format %d", version.Format)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return Damaged("%w", err)
	}
	return nil
}

// ReadSealed reads an object that is small: at most MaxSealed bytes and one more.
func ReadSealed(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, MaxSealed+1))
}
