package bundle

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Names hides names of keys. Each part between separators is replaced by a hash
// with a key, so that directories stay directories and the same part looks the
// same everywhere, but nobody without the hash key can find a name by trying. It
// may be used by several goroutines. A nil Names hides nothing.
type Names struct {
	Separator string
	Key       []byte // of the hash
}

// NewNames returns names with a new key, which nobody knows.
func NewNames(separator string) *Names {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return &Names{Separator: separator, Key: key}
}

// digits is how much of a hash is shown, in hexadecimal digits: of a million parts,
// two look the same with a probability of a fifth of a percent.
const digits = 12

// Of returns a name, hidden.
func (n *Names) Of(name string) string {
	if n == nil || name == "" {
		return name
	}
	parts := strings.Split(name, n.Separator)
	for i, part := range parts {
		if part != "" {
			parts[i] = n.part(part)
		}
	}
	return strings.Join(parts, n.Separator)
}

func (n *Names) part(text string) string {
	h := hmac.New(sha256.New, n.Key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))[:digits]
}
