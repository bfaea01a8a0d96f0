package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
)

// passwordOptions say where the new password of a user comes from.
type passwordOptions struct {
	interactive bool
	file        string
}

func (o *passwordOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.interactive, "interactive", true, "ask for the password twice; if false, read one line of standard input")
	fs.StringVar(&o.file, "password-file", "", "read the password from the first line of this `file`; - is standard input")
}

var errEmptyPassword = errors.New("empty password")

// read returns the new password of a user. White space around it is dropped, as
// it is at the password prompt of a login.
func (o *passwordOptions) read(ctx context.Context, s cli.Streams, user string) (string, error) {
	switch {
	case o.file != "":
		return o.fromFile(ctx, s)
	case o.interactive:
		return confirmed(ctx, s, user)
	}
	line, err := s.ReadLine(ctx)
	if err != nil {
		return "", cli.Exit(cli.BadArgs, fmt.Errorf("read password from standard input: %w", err))
	}
	return sendable(s, strings.TrimSpace(line)), nil
}

// sendable returns a password as upstream sends one that it has read with
// fmt.Scanf: each byte that is not UTF-8 becomes U+FFFD, as a request could not
// hold it.
func sendable(s cli.Streams, password string) string {
	if utf8.ValidString(password) {
		return password
	}
	fmt.Fprintln(s.Err, "Warning: the password is not UTF-8, so each byte that is not was replaced by U+FFFD, which is to be typed in its place")
	return string([]rune(password))
}

func (o *passwordOptions) fromFile(ctx context.Context, s cli.Streams) (string, error) {
	if o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return "", cli.Exit(cli.BadArgs, fmt.Errorf("--password-file: %w", err))
		}
		defer f.Close() //nolint:errcheck // it was only read
		s.In = f
	}
	line, err := s.ReadLine(ctx)
	password := strings.TrimSpace(line)
	if err == nil && password == "" {
		err = errEmptyPassword
	}
	if err != nil {
		return "", cli.Exit(cli.BadArgs, fmt.Errorf("--password-file %s: %w", o.file, err))
	}
	return password, nil
}

// confirmed asks for a password twice.
func confirmed(ctx context.Context, s cli.Streams, user string) (string, error) {
	password, err := s.AskPassword(ctx, fmt.Sprintf("Password of %s: ", user))
	if err != nil {
		return "", cli.Exit(cli.BadArgs, fmt.Errorf("failed to ask password: %w", err))
	}
	if password == "" {
		return "", cli.Exit(cli.BadArgs, errEmptyPassword)
	}
	again, err := s.AskPassword(ctx, fmt.Sprintf("Type password of %s again for confirmation: ", user))
	if err != nil {
		return "", cli.Exit(cli.BadArgs, fmt.Errorf("failed to ask password: %w", err))
	}
	if again != password {
		return "", cli.Exit(cli.BadArgs, errors.New("given passwords are different"))
	}
	return password, nil
}

// newPassword reads the new password of a user. For --curl, whose output does
// not include it, no password is read.
func newPassword(ctx context.Context, a *app, o *passwordOptions, user string) (string, error) {
	if a.curl {
		return "hidden", nil
	}
	return o.read(ctx, a.streams, user)
}

// warnOfEmpty warns that a user has the empty password, which upstream accepts
// silently and which lets every client log in that sends none.
func warnOfEmpty(w io.Writer, user, password string) {
	if password == "" {
		fmt.Fprintf(w, "Warning: the password of %s is empty, so anybody can log in as %s\n", user, user)
	}
}
