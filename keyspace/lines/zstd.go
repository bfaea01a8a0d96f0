package lines

import (
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// zstdMagic begins every file of zstd, and no JSON line.
const zstdMagic = "\x28\xb5\x2f\xfd"

// Compressed reports whether a file is to be compressed, by its name.
func Compressed(path string) bool {
	return strings.HasSuffix(path, ".zst") || strings.HasSuffix(path, ".zstd")
}

// decompress returns a reader of the decompressed data. Its memory is bounded
// by zstd's own limit of a window.
func decompress(r io.Reader) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
}

// Compress returns a writer whose Close ends the compressed stream, and leaves
// w open.
func Compress(w io.Writer) (io.WriteCloser, error) {
	return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
}
