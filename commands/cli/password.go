package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// longestLine is how much ReadLine takes, in bytes.
const longestLine = 64 << 10

var errLongLine = fmt.Errorf("a line of more than %d bytes", longestLine)

// AskPassword shows a prompt and reads one line, without echo where the input
// is a terminal. White space around the line is dropped. The end of the input
// counts as an empty line, as it does upstream.
//
// A script that pipes the password in gets the prompt on standard output, as in
// upstream (speakeasy.Ask). On a terminal the prompt goes to standard error, so
// that the output can be redirected.
func (s Streams) AskPassword(ctx context.Context, prompt string) (string, error) {
	tty, ok := Terminal(s.In)
	if !ok {
		fmt.Fprint(s.Out, prompt)
		line, err := s.ReadLine(ctx)
		fmt.Fprintln(s.Out)
		return strings.TrimSpace(line), err
	}
	fmt.Fprint(s.Err, prompt)
	line, err := readHidden(ctx, tty)
	fmt.Fprintln(s.Err)
	return strings.TrimSpace(line), err
}

// ReadLine reads up to the end of a line of the input and not a byte further:
// the rest is left for other readers. It returns the line without its end; the
// end of the input ends a line too. The end of ctx ends it as it ends
// [Streams.Input].
func (s Streams) ReadLine(ctx context.Context) (string, error) { return lineOf(s.Input(ctx)) }

// lineOf reads a line byte by byte.
func lineOf(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for len(line) <= longestLine {
		n, err := r.Read(b)
		if n == 1 && b[0] != '\n' {
			line = append(line, b[0])
		}
		if n == 1 && b[0] == '\n' || errors.Is(err, io.EOF) {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", errLongLine
}
