//go:build !linux && !darwin && !freebsd

package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"reflect"
	"time"

	"golang.org/x/term"
)

// readHidden reads a line from a terminal that does not show it. When ctx ends
// first, the terminal is restored; the read is abandoned, because only a key can
// wake it.
func readHidden(ctx context.Context, tty *os.File) (string, error) {
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type result struct {
		line []byte
		err  error
	}
	got := make(chan result, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		got <- result{line, err}
	}()
	// The terminal can only be restored after the read has changed it, or the
	// echo would be turned off afterwards. If it was off before, there is no
	// change to detect, so the wait is bounded.
	var stop <-chan struct{}
	tick, left := time.NewTicker(time.Millisecond), 50
	defer tick.Stop()
	for {
		select {
		case r := <-got:
			if errors.Is(r.err, io.EOF) {
				r.err = nil
			}
			return string(r.line), r.err
		case <-tick.C:
			now, err := term.GetState(fd)
			if left--; left == 0 || err != nil || !reflect.DeepEqual(now, before) {
				stop = ctx.Done()
				tick.Stop()
			}
		case <-stop:
			return "", errors.Join(ctx.Err(), term.Restore(fd, before))
		}
	}
}
