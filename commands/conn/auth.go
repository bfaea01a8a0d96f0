package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/term"

	"etcdkit/commands/cli"
)

// auth returns who to authenticate as, or nil for nobody. A token wins over a
// user; a user without a password is asked for it.
func (f *Flags) auth(ctx context.Context, s cli.Streams) (*clientv3.AuthConfig, error) {
	if f.token != "" {
		return &clientv3.AuthConfig{Token: f.token}, nil
	}
	if f.user == "" {
		return nil, nil
	}
	if f.password != "" {
		return &clientv3.AuthConfig{Username: f.user, Password: f.password}, nil
	}
	if name, password, ok := strings.Cut(f.user, ":"); ok {
		return &clientv3.AuthConfig{Username: name, Password: password}, nil
	}
	password, err := askPassword(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("failed during password entry: %w", err)
	}
	return &clientv3.AuthConfig{Username: f.user, Password: password}, nil
}

// askPassword reads one line, without echo where the input is a terminal. The
// end of the input counts as an empty password, as it does upstream.
//
// A script that pipes the password in gets upstream's prompt on standard
// output, where it has always been (speakeasy.Ask). On a terminal the prompt
// goes to standard error, so that the output can be redirected.
func askPassword(ctx context.Context, s cli.Streams) (string, error) {
	const prompt = "Password: "
	tty, ok := cli.Terminal(s.In)
	if !ok {
		fmt.Fprint(s.Out, prompt)
		line, err := readLine(s.In)
		fmt.Fprintln(s.Out)
		return strings.TrimSpace(line), err
	}
	fmt.Fprint(s.Err, prompt)
	line, err := readHidden(ctx, tty)
	fmt.Fprintln(s.Err)
	return strings.TrimSpace(line), err
}

// readLine reads up to the end of a line and not a byte further: what follows
// is for the command.
func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		if n == 1 {
			if b[0] == '\n' {
				return string(line), nil
			}
			line = append(line, b[0])
		}
		if errors.Is(err, io.EOF) {
			return string(line), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// readHidden reads a line from a terminal that does not show it. When ctx ends
// first the terminal is put back; the read is left behind, as nothing can wake
// it but a key.
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
	// Putting the terminal back has to wait for the read to have changed it, or
	// the echo would go off afterwards. Where it was off before there is no
	// change to see, so the wait is bounded.
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
