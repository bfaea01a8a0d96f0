package ctl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"etcdkit/commands/cli"
)

// interactive reports whether somebody can answer a question: standard input and
// standard error are both a terminal.
func interactive(a *app) bool {
	_, in := cli.Terminal(a.streams.In)
	_, err := cli.Terminal(a.streams.Err)
	return in && err
}

var errNotConfirmed = errors.New("not confirmed, nothing was sent")

// confirm asks a question and returns an error unless the answer is yes.
func confirm(ctx context.Context, a *app, question string) error {
	fmt.Fprintf(a.streams.Err, "%s [y/N] ", question)
	answer, err := a.streams.ReadLine(ctx)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errNotConfirmed
}
