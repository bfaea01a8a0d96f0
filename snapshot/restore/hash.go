package restore

import (
	"crypto/sha256"
	"io"
	"sync"

	"etcdkit/snapshot"
)

// hashSize is how much is hashed at once, in bytes; the processor's own cache
// can hold it.
const hashSize = 256 << 10

// hasher hashes a file in a goroutine while the file is written.
type hasher struct {
	ends   chan int64 // the end of the written part
	end    func()     // says that no more will come; may be called again
	result func() ([sha256.Size]byte, error)
}

// newHasher starts to hash a file of this size. The caller calls end.
func newHasher(f io.ReaderAt, size int64) *hasher {
	h := &hasher{ends: make(chan int64, size/hashSize+1)} // so that the sender never waits
	h.end = sync.OnceFunc(func() { close(h.ends) })
	var sum [sha256.Size]byte
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		sum, err = hashWritten(f, h.ends)
	}()
	h.result = func() ([sha256.Size]byte, error) {
		h.end()
		<-done
		return sum, err
	}
	return h
}

// written says that the file has been written up to this byte.
func (h *hasher) written(to int64) { h.ends <- to }

// compare waits for the hash of all that was written.
func (h *hasher) compare(want [sha256.Size]byte) error {
	got, err := h.result()
	if err == nil && got != want {
		err = &snapshot.ChecksumError{Want: want, Got: got}
	}
	return err
}

// hashWritten hashes f as far as ends say.
func hashWritten(f io.ReaderAt, ends <-chan int64) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	buf := make([]byte, hashSize)
	var at int64
	for end := range ends {
		for at < end {
			n, err := f.ReadAt(buf[:min(hashSize, end-at)], at)
			_, _ = h.Write(buf[:n]) // a hash does not fail
			if err != nil {
				return sum, err
			}
			at += int64(n)
		}
	}
	h.Sum(sum[:0])
	return sum, nil
}
