package conn

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/internal/need"
)

// Without PASSWORD the shell requested a token in vain and then made the
// request without one: it must stop before both, in a script and in a shell
// that continues after an error. With PASSWORD every request is made.
func TestLinesWithoutPassword(t *testing.T) {
	t.Parallel()
	shell := need.Program(t, need.Shell, "sh")
	list := func(c *Client) error { _, err := c.Status(t.Context(), "h:1"); return err }
	one, err := record(t, list, []string{pb.Maintenance_Status_FullMethodName}, "--endpoints=h:1", "--user=u")
	if err != nil {
		t.Fatal(err)
	}
	two := func(c *Client) error {
		_, _ = c.Status(t.Context(), "h:1") // was caught
		return list(c)
	}
	many, err := record(t, two, []string{pb.Maintenance_Status_FullMethodName}, "--endpoints=h:1", "--user=u")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		lines []string
		env   string
		want  string // the last argument but the body of each curl
	}{
		{"one", one, "OTHER=x", ""},
		{"two", many, "OTHER=x", ""},
		{"one, with it", one, "PASSWORD=x", "http://h:1/v3/auth/authenticate\nhttp://h:1/v3/maintenance/status\n"},
		{"two, with it", many, "PASSWORD=x", "http://h:1/v3/auth/authenticate\nhttp://h:1/v3/maintenance/status\nhttp://h:1/v3/maintenance/status\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			script := "#!/bin/sh\necho \"$2\" >>\"$0.log\"\necho '{\"token\":\"t\"}'\n"
			if err := os.WriteFile(filepath.Join(dir, "curl"), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), shell, "-c", strings.Join(tt.lines, "\n"))
			cmd.Env = []string{"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), tt.env}
			said, err := cmd.CombinedOutput()
			log, _ := os.ReadFile(filepath.Join(dir, "curl.log")) // none where it was not run
			if string(log) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("asked for %q, want %q; %v: %s", log, tt.want, err, said)
			}
			if tt.want == "" && !strings.Contains(string(said), "PASSWORD: parameter ") {
				t.Errorf("said %s", said)
			}
		})
	}
}
