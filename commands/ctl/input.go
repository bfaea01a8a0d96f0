package ctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"etcdkit/commands/cli"
)

// lineReader reads lines, and stops waiting for one when its context ends.
type lineReader struct{ buf *bufio.Reader }

func newLineReader(r io.Reader) *lineReader { return &lineReader{bufio.NewReader(r)} }

// next returns the next line with its line end. Text without one is lost to
// io.EOF. After an error of ctx the reader is not used again: a read may still
// be under way.
func (l *lineReader) next(ctx context.Context) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := l.buf.ReadString('\n')
		read <- result{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case r := <-read:
		return r.line, r.err
	}
}

// interactive tells whether there is somebody to answer a question: standard input
// and standard error are both a terminal.
func interactive(a *app) bool {
	_, in := cli.Terminal(a.streams.In)
	_, err := cli.Terminal(a.streams.Err)
	return in && err
}

var errNotConfirmed = errors.New("not confirmed, nothing was sent")

// confirm puts a question and returns an error unless the answer is yes.
func confirm(ctx context.Context, a *app, question string) error {
	fmt.Fprintf(a.streams.Err, "%s [y/N] ", question)
	answer, err := newLineReader(a.streams.In).next(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errNotConfirmed
}
