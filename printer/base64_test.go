package printer

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

func TestBase64Pairs(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{6})
	for n := range 1000 {
		src := make([]byte, n)
		_, _ = random.Read(src) // never fails
		want := base64.StdEncoding.AppendEncode([]byte("before "), src)
		if got := newBase64Pairs().appendTo([]byte("before "), src); !bytes.Equal(got, want) {
			t.Fatalf("%x: got %s, want %s", src, got, want)
		}
	}
}

func BenchmarkBase64(b *testing.B) {
	pairs, src, dst := newBase64Pairs(), bytes.Repeat([]byte("v"), 256), make([]byte, 0, 512)
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			pairs.appendTo(dst, src)
		}
	})
	b.Run("encoding/base64", func(b *testing.B) {
		for b.Loop() {
			base64.StdEncoding.AppendEncode(dst, src)
		}
	})
}
