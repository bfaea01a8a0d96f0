//go:build unix

package ctl

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
)

// The child of a lock finds the lock in its environment, and nothing on its
// standard input.
func TestLockedChild(t *testing.T) {
	t.Parallel()
	tests := []struct {
		script string
		env    []string
		want   ran
	}{
		{`echo $ETCD_LOCK_KEY $ETCD_LOCK_REV`, nil, ran{0, "name/abc 3\n", ""}},
		{`echo $ETCD_LOCK_KEY $OTHER`, []string{"ETCD_LOCK_KEY=outer/1", "OTHER=x"}, ran{0, "name/abc x\n", ""}},
		{`cat; echo err >&2; exit 7`, nil, ran{7, "", "err\nError: exit status 7\n"}},
		{`kill -9 $$`, nil, ran{255, "", "Error: signal: killed\n"}},
	}
	for _, tt := range tests {
		f := locksmith(nil)
		r := runner{endpoint: f.start(t), env: append(tt.env, "PATH="+os.Getenv("PATH")), in: strings.NewReader("not for it")}
		r.run(t, "lock", "name", "--", "sh", "-c", tt.script).is(t, tt.want)
		wantKinds(t, f, grant, txn, revoke)
	}
}

// A child does not outlive the lock.
func TestLockedChildLost(t *testing.T) {
	t.Parallel()
	running := make(chan struct{})
	out, errs := &stopper{stop: sync.OnceFunc(func() { close(running) })}, &lockedBuffer{}
	f := locksmith(nil)
	f.keepAlive = func(r *pb.LeaseKeepAliveRequest) (*pb.LeaseKeepAliveResponse, error) {
		<-running
		return &pb.LeaseKeepAliveResponse{Header: fakeHeader(), ID: r.ID}, nil
	}
	code := Main(t.Context(), cli.Streams{Out: out, Err: errs, Env: []string{"PATH=" + os.Getenv("PATH")}},
		[]string{"--endpoints", f.start(t), "lock", "name", "--", "sh", "-c", "echo running; exec sleep 600"})
	ran{code, out.String(), errs.String()}.is(t, ran{1, "running\n", "Error: session expired: the lock was lost while the command ran\n"})
}

// etcdctl passes on the output, the input and the exit code of etcdutl.
func TestHandOver(t *testing.T) {
	dir := t.TempDir()
	const utility = "#!/bin/sh\nfor a; do echo \"<$a>\"; done\necho \"compat $ETCDUTL_COMPAT $HOME\"\n/bin/cat\necho Error: mine >&2\nexit 9\n"
	if err := os.WriteFile(filepath.Join(dir, "etcdutl"), []byte(utility), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	in := func() io.Reader { return strings.NewReader("its input\n") }
	runner{in: in(), env: []string{"HOME=h"}}.run(t, "snapshot", "restore", "f.db", "--name", "n", "--compat", "3.6", "--dial-timeout", "1s").is(t, ran{9,
		"<snapshot>\n<restore>\n<--name=n>\n<-->\n<f.db>\ncompat 3.6 h\nits input\n",
		"Deprecated: use \"etcdutl snapshot restore\" instead, as is done here.\n\nError: mine\n"})
	runner{in: in(), env: []string{"ETCDCTL_WRITE_OUT=json"}}.run(t, "defrag", "--data-dir", "d", "--cluster").is(t, ran{9,
		"<defrag>\n<--data-dir=d>\n<--write-out=json>\n<-->\ncompat  \nits input\n",
		"Deprecated: use \"etcdutl defrag\" instead, as is done here.\n\nError: mine\n"})
}
