package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"etcdkit/internal/need"
)

// terminal returns the two ends of a pseudo terminal: the user's end, and the
// program's.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	need.OrSkip(t, need.Terminal, err)
	t.Cleanup(func() { _ = person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

// echoes reports whether a terminal shows typed characters.
func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s.Lflag&unix.ECHO != 0
}

func TestPasswordOnATerminal(t *testing.T) {
	t.Parallel()
	person, tty := terminal(t)
	var out, errs strings.Builder
	s := Streams{In: tty, Out: &out, Err: promptWatch{&errs, func() { _, _ = io.WriteString(person, " s3cret \n") }}}
	for range 2 { // input typed at a prompt is read by that prompt
		password, err := s.AskPassword(t.Context(), "Password of x: ")
		if err != nil || password != "s3cret" {
			t.Errorf("%q, %v", password, err)
		}
	}
	if out.String() != "" || errs.String() != "Password of x: \nPassword of x: \n" {
		t.Errorf("stdout %q, stderr %q", &out, &errs)
	}
	if !term.IsTerminal(int(tty.Fd())) || !echoes(t, tty) {
		t.Error("the terminal does not echo any more")
	}
}

func TestPasswordEndedByCtrlD(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"\x04": "", "s3c\x04ret\x04\x04": "s3cret"} {
		person, tty := terminal(t)
		s := Streams{In: tty, Out: io.Discard, Err: promptWatch{io.Discard, func() { _, _ = io.WriteString(person, typed) }}}
		if got, err := s.AskPassword(t.Context(), "Password of x: "); err != nil || got != want {
			t.Errorf("%q typed: %q, %v", typed, got, err)
		}
		if !echoes(t, tty) {
			t.Error("the terminal does not echo any more")
		}
	}
}

func TestPasswordPromptIsInterrupted(t *testing.T) {
	t.Parallel()
	person, tty := terminal(t)
	defer io.WriteString(person, "\n") // ends the abandoned read
	ctx, cancel := context.WithCancel(t.Context())
	s := Streams{In: tty, Out: io.Discard, Err: promptWatch{io.Discard, cancel}}
	if _, err := s.AskPassword(ctx, "Password of x: "); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal does not echo any more")
	}
}

// promptWatch is an error stream that reacts to the prompt.
type promptWatch struct {
	io.Writer
	react func()
}

func (w promptWatch) Write(b []byte) (int, error) {
	if strings.HasPrefix(string(b), "Password") {
		w.react()
	}
	return w.Writer.Write(b)
}
