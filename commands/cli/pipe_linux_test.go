package cli

import (
	"bytes"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRoomy(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	size := func() int {
		n, err := unix.FcntlInt(w.Fd(), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	read := make(chan int64)
	go func() {
		n, _ := io.Copy(io.Discard, r) // what fails shows in the number
		read <- n
	}()
	out, before := roomy(w), size()
	block := make([]byte, pipeRoom/4)
	for n := 1; n <= 5; n++ {
		if _, err := out.Write(block); err != nil {
			t.Fatal(err)
		}
		if widened := size() > before; widened != (n >= 4) {
			t.Errorf("after %d bytes the pipe holds %d, and %d before", n*len(block), size(), before)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n := <-read; n != int64(5*len(block)) {
		t.Errorf("%d bytes came of %d", n, 5*len(block))
	}
	var b bytes.Buffer
	if roomy(&b) != io.Writer(&b) {
		t.Error("what is no pipe is wrapped")
	}
}
