package conn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"etcdkit/commands/cli"
)

// storedPassword returns the password of the user if a flag has it or says where
// it is. It reads nothing if no user logs in, or if --user has the password.
func (f *Flags) storedPassword(ctx context.Context, s cli.Streams) (string, error) {
	if f.user == "" || f.password != "" || strings.Contains(f.user, ":") {
		return f.password, nil
	}
	var (
		text []byte
		err  error
		from string
	)
	switch {
	case f.passwordFile != "":
		from = "--password-file " + f.passwordFile
		text, err = os.ReadFile(f.passwordFile)
	case f.passwordCommand != "":
		from = "--password-command " + cli.Quote(f.passwordCommand)
		text, err = outputOf(ctx, s, f.passwordCommand)
	default:
		return "", nil
	}
	password, _, _ := bytes.Cut(text, []byte("\n"))
	password = bytes.TrimSuffix(password, []byte("\r"))
	if err == nil && len(password) == 0 {
		err = errors.New("the first line is empty")
	}
	if err != nil {
		return "", fmt.Errorf("read the password of --user: %s: %w", from, err)
	}
	return string(password), nil
}

// outputOf runs a command in the shell and returns what it prints. The command
// can ask on the terminal.
func outputOf(ctx context.Context, s cli.Streams, line string) ([]byte, error) {
	shell, flag := "/bin/sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/c"
	}
	cmd := exec.CommandContext(ctx, shell, flag, line)
	cmd.Env, cmd.Stderr = cli.WithoutPasswords(s.Env), s.Err
	if tty, ok := cli.Terminal(s.In); ok {
		cmd.Stdin = tty
	}
	return cmd.Output()
}
