package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestInput(t *testing.T) {
	t.Parallel()
	const text = "some text\nand more\n"
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text)),
		"end with data": iotest.DataErrReader(strings.NewReader(text)),
	} {
		got, err := io.ReadAll(Streams{In: r}.Input(t.Context()))
		if string(got) != text || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	broken := errors.New("broken")
	if _, err := io.ReadAll(Streams{In: iotest.ErrReader(broken)}.Input(t.Context())); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// A read that nothing comes for ends with its context, and so does every later one.
func TestInputEnds(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	in, enough := Streams{In: r}.Input(ctx), errors.New("enough")
	go func() { _, _ = io.WriteString(w, "first") }() // the read of it says whether it came
	b := make([]byte, 9)
	if n, err := in.Read(b); string(b[:n]) != "first" || err != nil {
		t.Errorf("%q, %v", b[:n], err)
	}
	cancelled := make(chan struct{})
	go func() {
		defer close(cancelled)
		cancel(enough)
	}()
	if got, err := io.ReadAll(in); len(got) > 0 || !errors.Is(err, enough) {
		t.Errorf("%q, %v", got, err)
	}
	<-cancelled
	if n, err := in.Read(b); n != 0 || !errors.Is(err, enough) {
		t.Errorf("%d, %v", n, err)
	}
}

// A terminal goes on after an end of input: readers that look twice must not wait
// for a second one.
func TestInputEndsOnce(t *testing.T) {
	t.Parallel()
	r := Streams{In: &resuming{}}.Input(t.Context())
	for range 2 {
		if n, err := r.Read(make([]byte, 9)); n != 0 || err != io.EOF {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
}

// resuming ends once and then has more.
type resuming struct{ ended bool }

func (r *resuming) Read(b []byte) (int, error) {
	if !r.ended {
		r.ended = true
		return 0, io.EOF
	}
	return copy(b, "more"), nil
}
