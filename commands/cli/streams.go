package cli

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"etcdkit/printer"
)

// Streams is all of the outside world that a command may touch. The main
// packages fill it from the process; tests fill it with buffers.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Env      []string         // as of os.Environ
	Now      func() time.Time // the clock; time.Now where nil

	// Dial makes the connections to servers and proxies; if it is nil, a
	// net.Dialer does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Getenv returns the value of the environment variable name, or "" if it is not
// set. As in a process, the last of several settings is used.
func (s Streams) Getenv(name string) string {
	for i := len(s.Env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(s.Env[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}

// Time returns the current time by the streams' clock.
func (s Streams) Time() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Terminal returns the file of v, one of the three streams, and whether that
// file is a terminal.
func Terminal(v any) (*os.File, bool) {
	f, ok := v.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// Visible returns a writer to w, one of the streams, for text of which servers or
// files may have sent a part: if w is a terminal, [printer.Visible] applies to
// each write.
func Visible(w io.Writer) io.Writer {
	if _, tty := Terminal(w); tty {
		return visible{w}
	}
	return w
}

type visible struct{ io.Writer }

func (v visible) Write(b []byte) (int, error) {
	if _, err := io.WriteString(v.Writer, printer.Visible(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// columns returns how wide a terminal is, 80 where it does not say.
func columns(tty *os.File) int {
	if width, _, err := term.GetSize(int(tty.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// cut returns as much of a line of ASCII as n columns have room for.
func cut(line string, n int) string { return line[:min(len(line), max(n, 0))] }
