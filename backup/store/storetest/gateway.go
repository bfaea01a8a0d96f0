package storetest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// The keys of a Gateway.
const (
	AccessKey = "test-access-key"
	SecretKey = "test-secret-key-0123456789"
)

// Gateway is an S3 server on the loopback interface.
type Gateway struct {
	Endpoint string // its URL
	dir      string
	buckets  atomic.Int64
}

// startBound is how long the server may take to start, on a busy machine.
const startBound = 2 * time.Minute

// NewGateway starts a server that ends with the test. `make s3server` builds its
// program; without it, the test is skipped, or fails if CI is set.
func NewGateway(t *testing.T) *Gateway {
	t.Helper()
	program := gatewayProgram(t)
	g := &Gateway{dir: filepath.Join(t.TempDir(), "buckets")}
	sidecar := filepath.Join(filepath.Dir(g.dir), "sidecar")
	for _, dir := range []string{g.dir, sidecar} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	addr := freeAddr(t)
	g.Endpoint = "http://" + addr
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, program, "--access", AccessKey, "--secret", SecretKey, "--port", addr, "--quiet", "--keep-alive", "posix", "--sidecar", sidecar, g.dir)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := start(cmd); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		_ = log.Close()
	})
	g.await(t, ended, log.Name())
	return g
}

// gatewayProgram finds the program in the cache of reference programs.
func gatewayProgram(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("ETCDKIT_CACHE") //nolint:forbidigo // a test
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(user, "etcdkit")
	}
	path := filepath.Join(cache, "s3", "versitygw")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" { //nolint:forbidigo // a test
			t.Fatalf("make s3server has not run: %v", err)
		}
		t.Skipf("needs an S3 server (make s3server): %v", err)
	}
	return path
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it only chose a port
	return l.Addr().String()
}

// await waits until the server answers.
func (g *Gateway) await(t *testing.T, ended <-chan struct{}, log string) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	bound := time.NewTimer(startBound)
	defer bound.Stop()
	for {
		if answer, err := client.Get(g.Endpoint); err == nil {
			_ = answer.Body.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ended:
			text, _ := os.ReadFile(log)
			t.Fatalf("the S3 server has ended: %s", text)
		case <-bound.C:
			t.Fatalf("the S3 server did not start within %s", startBound)
		}
	}
}

// Bucket makes an empty bucket and returns its name.
func (g *Gateway) Bucket(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", g.buckets.Add(1))
	if err := os.Mkdir(filepath.Join(g.dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

// Env is an environment with the server's keys.
func (g *Gateway) Env() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + AccessKey, "AWS_SECRET_ACCESS_KEY=" + SecretKey}
}
