package ctl

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"etcdkit/commands/cli"
)

func TestAddedUser(t *testing.T) {
	t.Parallel()
	const choose = "`--password-file` cannot be set with `--no-password` or `--new-user-password`, choose one"
	for _, tt := range []struct {
		o    userAddOptions
		args []string
		want addedUser
		err  string
		code cli.Code
	}{
		{args: []string{"n"}, want: addedUser{name: "n", ask: true}},
		{args: []string{"n:p"}, want: addedUser{name: "n", password: "p"}},
		{args: []string{"n:p:q"}, want: addedUser{name: "n", password: "p:q"}},
		{args: []string{"n:"}, want: addedUser{name: "n"}},
		{o: userAddOptions{password: "p"}, args: []string{"n:x"}, want: addedUser{name: "n:x", password: "p"}},
		{o: userAddOptions{noPassword: true}, args: []string{"n:x"}, want: addedUser{name: "n:x"}},
		{o: userAddOptions{noPassword: true, password: "p"}, args: []string{"n"}, want: addedUser{name: "n", password: "p"}},
		{o: userAddOptions{passwordOptions: passwordOptions{file: "f"}}, args: []string{"n"}, want: addedUser{name: "n", ask: true}},

		{err: "user add command requires user name as its argument", code: cli.BadArgs},
		{args: []string{"n", "p"}, err: "user add command requires user name as its argument", code: cli.BadArgs},
		{args: []string{":p"}, err: "empty user name is not allowed", code: cli.BadArgs},
		{args: []string{""}, err: "etcdserver: user name is empty", code: cli.Failure},
		{o: userAddOptions{noPassword: true}, args: []string{""}, err: "etcdserver: user name is empty", code: cli.Failure},
		{o: userAddOptions{password: "p"}, args: []string{""}, err: "etcdserver: user name is empty", code: cli.Failure},
		{o: userAddOptions{passwordOptions: passwordOptions{file: "f"}, noPassword: true}, args: []string{"n"}, err: choose, code: cli.BadArgs},
		{o: userAddOptions{passwordOptions: passwordOptions{file: "f"}, password: "p"}, args: []string{"n"}, err: choose, code: cli.BadArgs},
		{
			o: userAddOptions{passwordOptions: passwordOptions{file: "f"}}, args: []string{"n:p"},
			err: "with `--password-file` the argument is the user name without a password", code: cli.BadArgs,
		},
	} {
		got, err := tt.o.user(tt.args)
		wantError(t, err, tt.err, tt.code)
		if got != tt.want {
			t.Errorf("%q: got %+v, want %+v", tt.args, got, tt.want)
		}
	}
}

func TestNewPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const first, second = "Password of n: \n", "Type password of n again for confirmation: \n"
	missing, empty := filepath.Join(dir, "missing"), file("empty", "\nsecond\n")
	for _, tt := range []struct {
		o        passwordOptions
		in, left string
		want     string
		out      string
		err      string
	}{
		{o: passwordOptions{interactive: true}, in: "p q\n p q\r\nx", left: "x", want: "p q", out: first + second},
		{o: passwordOptions{interactive: true}, in: "p\np", want: "p", out: first + second},
		{o: passwordOptions{interactive: true}, in: "p\nq\n", out: first + second, err: "given passwords are different"},
		{o: passwordOptions{interactive: true}, in: "p\n", out: first + second, err: "given passwords are different"},
		{o: passwordOptions{interactive: true}, in: "\np\n", left: "p\n", out: first, err: "empty password"},
		{o: passwordOptions{interactive: true}, out: first, err: "empty password"},
		{in: "p q\nx", left: "x", want: "p q"},
		{in: "\tp q \r\n", want: "p q"},
		{in: "p", want: "p"},
		{in: "\nx", left: "x"},
		{},
		{o: passwordOptions{file: "-"}, in: " p q\nx", left: "x", want: "p q"},
		{o: passwordOptions{file: "-"}, in: "\nx", left: "x", err: "--password-file -: empty password"},
		{o: passwordOptions{file: file("one", "p q\n"), interactive: true}, in: "x", left: "x", want: "p q"},
		{o: passwordOptions{file: file("two", " p\r\nx\n")}, in: "x", left: "x", want: "p"},
		{o: passwordOptions{file: file("bare", "p")}, want: "p"},
		{o: passwordOptions{file: empty}, err: "--password-file " + empty + ": empty password"},
		{o: passwordOptions{file: missing}, err: "--password-file: open " + missing + ": no such file or directory"},
		{o: passwordOptions{file: file("long", strings.Repeat("x", 1<<17))}, err: "--password-file " + filepath.Join(dir, "long") + ": a line of more than 65536 bytes"},
	} {
		in, out := strings.NewReader(tt.in), &strings.Builder{}
		got, err := tt.o.read(t.Context(), cli.Streams{In: in, Out: out, Err: io.Discard}, "n")
		code := cli.OK
		if tt.err != "" {
			code = cli.BadArgs
		}
		wantError(t, err, tt.err, code)
		left, _ := io.ReadAll(in)
		if got != tt.want || out.String() != tt.out || string(left) != tt.left {
			t.Errorf("%+v, %q: got %q, stdout %q, left %q", tt.o, tt.in, got, out, left)
		}
	}
}

func TestNewPasswordCannotBeRead(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, tt := range []struct {
		o  passwordOptions
		in io.Reader
		as string
	}{
		{passwordOptions{interactive: true}, iotest.ErrReader(broken), "failed to ask password: broken"},
		{passwordOptions{interactive: true}, io.MultiReader(strings.NewReader("p\n"), iotest.ErrReader(broken)), "failed to ask password: broken"},
		{passwordOptions{}, iotest.ErrReader(broken), "read password from standard input: broken"},
		{passwordOptions{file: "-"}, iotest.ErrReader(broken), "--password-file -: broken"},
	} {
		_, err := tt.o.read(t.Context(), cli.Streams{In: tt.in, Out: io.Discard, Err: io.Discard}, "n")
		wantError(t, err, tt.as, cli.BadArgs)
	}
}

// A prompt without an answer ends with its context.
func TestNewPasswordInterrupted(t *testing.T) {
	t.Parallel()
	in, end := io.Pipe()
	defer end.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&passwordOptions{interactive: true}).read(ctx, cli.Streams{In: in, Out: io.Discard, Err: io.Discard}, "n")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
