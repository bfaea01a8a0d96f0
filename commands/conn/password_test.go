package conn

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etcdkit/commands/cli"
)

func TestStoredPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pw, empty := file("pw", "from file \r\nsecond line\n"), file("empty", "\n")
	for _, tt := range []struct {
		f         Flags
		want, err string
	}{
		{f: Flags{user: "u", passwordFile: pw}, want: "from file "},
		{f: Flags{user: "u", passwordCommand: "echo from $WHO; echo more"}, want: "from command"},
		{f: Flags{user: "u", password: "given", passwordFile: empty}, want: "given"},
		{f: Flags{user: "u:own", passwordFile: empty}},
		{f: Flags{passwordFile: empty}},
		{f: Flags{user: "u"}},
		{f: Flags{user: "u", passwordFile: empty}, err: "the first line is empty"},
		{f: Flags{user: "u", passwordFile: filepath.Join(dir, "nosuch")}, err: "no such file"},
		{f: Flags{user: "u", passwordCommand: "exit 3"}, err: "--password-command 'exit 3': exit status 3"},
		{f: Flags{user: "u", passwordCommand: "echo $ETCDCTL_PASSWORD"}, err: "the first line is empty"},
	} {
		var errs bytes.Buffer
		s := cli.Streams{In: strings.NewReader("not read"), Err: &errs, Env: []string{"WHO=command", "PATH=" + os.Getenv("PATH"), "ETCDCTL_PASSWORD=hidden"}}
		got, err := tt.f.storedPassword(t.Context(), s)
		if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) || tt.err == "" && (err != nil || got != tt.want) {
			t.Errorf("%+v: %q, %v; want %q, %q", tt.f, got, err, tt.want, tt.err)
		}
	}
}
