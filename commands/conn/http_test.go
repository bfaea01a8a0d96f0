package conn

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// An endpoint's metrics are fetched as its API is spoken to.
func TestHTTP(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pair := ca.issue(t, "127.0.0.1", time.Now().Add(time.Hour))
	cert, key := files(t, pair)
	encrypted := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	both := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool()}
	for _, tt := range []struct {
		name   string
		scheme string
		server *tls.Config
		unix   bool
		args   []string
		fail   bool
	}{
		{name: "plain"},
		{name: "plain, said so", scheme: "http://", args: []string{"--cacert", ca.file}},
		{name: "by a flag", server: encrypted, args: []string{"--cacert", ca.file}},
		{name: "by the scheme", scheme: "https://", server: encrypted, args: []string{"--cacert", ca.file}},
		{name: "unknown authority", scheme: "https://", server: encrypted, fail: true},
		{name: "any certificate", scheme: "https://", server: encrypted, args: []string{"--insecure-skip-tls-verify"}},
		{name: "client certificate", scheme: "https://", server: both, args: []string{"--cacert", ca.file, "--cert", cert, "--key", key}},
		{name: "no client certificate", scheme: "https://", server: both, args: []string{"--cacert", ca.file}, fail: true},
		{name: "socket", scheme: "unix://", unix: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := listen(t)
			if tt.unix {
				var err error
				if l, err = net.Listen("unix", filepath.Join(t.TempDir(), "s")); err != nil {
					t.Fatal(err)
				}
			}
			name := tt.scheme + l.Addr().String()
			serveHTTP(t, l, tt.server)
			client, base := dialer(t, append(tt.args, "--endpoints", name)...).HTTP(name)
			resp, err := client.Get(base + "/metrics")
			if (err != nil) != tt.fail {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "/metrics" {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
}

// serveHTTP answers each request with its path until the test ends.
func serveHTTP(t *testing.T, l net.Listener, cfg *tls.Config) {
	t.Helper()
	if cfg != nil {
		l = tls.NewListener(l, cfg)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l) // returns when the server is closed
	}()
	t.Cleanup(func() { _ = s.Close(); <-ended })
}
