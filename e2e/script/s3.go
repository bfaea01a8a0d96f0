package script

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"etcdkit/e2e/proc"
)

// The keys of the S3 server.
const (
	s3Access = "test-access-key"
	s3Secret = "test-secret-key-0123456789"
)

// cmdS3: s3 BUCKET... starts an S3 server with these buckets. It sets $S3 to its address and, for etcdctl, the variables of its
// endpoint and keys.
func cmdS3(ts *testscript.TestScript, st *state, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: s3 BUCKET...")
	}
	program, err := st.eng.Refs.S3(st.ctx)
	ts.Check(err)
	dir := ts.MkAbs(".s3")
	for _, name := range append([]string{"../sidecar"}, args...) {
		ts.Check(os.MkdirAll(filepath.Join(dir, "buckets", name), 0o700))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	addr := l.Addr().String()
	ts.Check(l.Close())
	cmd := exec.Command(program, "--access", s3Access, "--secret", s3Secret, "--port", addr, "--quiet", "--keep-alive",
		"posix", "--sidecar", filepath.Join(dir, "sidecar"), filepath.Join(dir, "buckets"))
	cmd.Env = []string{"HOME=" + dir}
	p, err := proc.Start(cmd)
	ts.Check(err)
	st.servers = append(st.servers, p)
	for begun := time.Now(); ; {
		answer, err := http.Get("http://" + addr)
		if err == nil {
			ts.Check(answer.Body.Close())
			break
		}
		if !p.Alive() || time.Since(begun) > waitBound {
			ts.Fatalf("the S3 server does not answer: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	st.setenv(ts, "S3", addr)
	ts.Check(st.masks.add(addr, "S3"))
	st.setenv(ts, "ETCDCTL_S3_ENDPOINT", "http://"+addr)
	st.setenv(ts, "ETCDCTL_S3_PATH_STYLE", "true")
	st.setenv(ts, "AWS_ACCESS_KEY_ID", s3Access)
	st.setenv(ts, "AWS_SECRET_ACCESS_KEY", s3Secret)
	st.setenv(ts, "AWS_EC2_METADATA_DISABLED", "true")
}
