package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// Reseal gives a changed line its checksum, as docs/backup-format.md says how to
// compute it.
func Reseal(t testing.TB, line []byte) []byte {
	t.Helper()
	at := bytes.LastIndex(line, []byte(`,"sha256":"`))
	if at < 0 {
		t.Fatalf("no checksum in %s", line)
	}
	sum := sha256.Sum256(append(bytes.Clone(line[:at]), "}\n"...))
	return append(bytes.Clone(line[:at]), `,"sha256":"`+hex.EncodeToString(sum[:])+"\"}\n"...)
}
