package ctl

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"etcdkit/commands/cli"
)

// There is no etcdutl next to a test binary.
func TestHandOverWithoutEtcdutl(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("Error: this command needs etcdutl, which is neither beside etcdctl, in %s, nor on the PATH\n", filepath.Dir(self))
	etcdctl(t, "snapshot", "restore", "f.db").want(t, cli.Failure, "", want)
	etcdctl(t, "defrag", "--data-dir", "d").want(t, cli.Failure, "", want)
}

func TestSnapshotStatusArgs(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "no.db")
	plain := filepath.Join(t.TempDir(), "plain.db")
	if err := os.WriteFile(plain, []byte("no snapshot"), 0o600); err != nil {
		t.Fatal(err)
	}
	etcdctl(t, "snapshot", "status", "-w", "yam").want(t, cli.BadArgs, "", "Error: snapshot status requires exactly one argument\n")
	etcdctl(t, "snapshot", "status", missing, "-w", "yam").want(t, cli.Failure, "", "Error: stat "+missing+": no such file or directory\n")
	etcdctl(t, "snapshot", "status", plain, "-w", "yam").want(t, cli.BadFeature, "", badFormat)
	if r := etcdctl(t, "snapshot", "status", plain); r.code != cli.Failure || r.stdout != "" {
		t.Errorf("a file that is no snapshot: %s", r)
	}
}
