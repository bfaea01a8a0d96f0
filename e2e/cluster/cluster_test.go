package cluster_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
)

func start(t *testing.T, line string, opts cluster.Options) *cluster.Cluster {
	t.Helper()
	r, err := refs.Open()
	if err != nil {
		t.Fatal(err)
	}
	if opts.Bin, err = r.Build(t.Context(), line); err != nil {
		t.Fatal(err)
	}
	opts.Dir = t.TempDir()
	c, err := cluster.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

func TestStart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, line string
		opts       cluster.Options
	}{
		{"one 3.5", "3.5", cluster.Options{}},
		{"one 3.6 auth", "3.6", cluster.Options{Auth: true}},
		{"one 3.7 client certificates and auth", "3.7", cluster.Options{ClientCertAuth: true, Auth: true}},
		{"one 3.7 expired certificate", "3.7", cluster.Options{ServerCert: cluster.CertExpired}},
		{"three 3.7 tls", "3.7", cluster.Options{Members: 3, TLS: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, tc.line, tc.opts)
			args := []string{"--endpoints=" + c.Endpoints()}
			if c.HasAuth() {
				args = append(args, "--user="+cluster.RootUser+":"+cluster.RootPassword)
			}
			if out, err := c.Ctl(t.Context(), append(args, "put", "a", "b")...); err != nil || string(out) != "OK\n" {
				t.Errorf("put: %q, %v", out, err)
			}
			out, err := c.Ctl(t.Context(), append(args, "get", "a")...)
			if err != nil || string(out) != "a\nb\n" {
				t.Errorf("get: %q, %v", out, err)
			}
		})
	}
}

func TestStopAndRestartMember(t *testing.T) {
	t.Parallel()
	c := start(t, "3.7", cluster.Options{Members: 3})
	if err := c.StopMember("m3"); err != nil {
		t.Fatal(err)
	}
	m3, err := c.Member("m3")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := c.Ctl(t.Context(), "--endpoints="+m3.Endpoint, "--command-timeout=300ms", "get", "a"); err == nil {
		t.Fatalf("a stopped member answered %q", out)
	}
	if err := c.RestartMember(t.Context(), "m3"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ctl(t.Context(), "--endpoints="+m3.Endpoint, "get", "a"); err != nil {
		t.Fatal(err)
	}
}

// A port that is taken is detected at any member, and other ports are chosen.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	tries := 0
	start(t, "3.7", cluster.Options{Members: 3, Prepare: func(c *cluster.Cluster) error {
		if tries++; tries > 1 {
			return nil
		}
		l, err := net.Listen("tcp", strings.TrimPrefix(c.Members[2].PeerURL, "http://"))
		if err == nil {
			t.Cleanup(func() { _ = l.Close() })
		}
		return err
	}})
	if tries != 2 {
		t.Errorf("%d tries, want 2", tries)
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	r, err := refs.Open()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := r.Build(t.Context(), "3.7")
	if err != nil {
		t.Fatal(err)
	}
	_, err = cluster.Start(t.Context(), cluster.Options{Bin: bin, Dir: t.TempDir(), Args: []string{"--no-such-flag"}})
	if err == nil || !strings.Contains(err.Error(), "no-such-flag") {
		t.Errorf("the log's end is not shown: %v", err)
	}
}

func TestCerts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := cluster.WriteCerts(dir); err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for name, wantErr := range map[string]func(error) bool{
		cluster.CertServer:  func(err error) bool { return err == nil },
		cluster.CertClient:  func(err error) bool { return err == nil },
		cluster.CertExpired: isInvalid,
		cluster.CertOther:   isUnknown,
	} {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost"})
		if !wantErr(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func isInvalid(err error) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == x509.Expired
}

func isUnknown(err error) bool {
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &unknown)
}
