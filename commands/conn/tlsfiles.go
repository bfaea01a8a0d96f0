package conn

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

// tlsFiles are the files of a TLS configuration, and the flags that name them.
type tlsFiles struct {
	clientv3.SecureConfig
	passwordFile string
	prefix       string // of the flags
	noPrompt     bool   // nothing is sent, so the key is not needed
}

// files returns the TLS files that the flags name.
func (f *Flags) files() tlsFiles {
	t := tlsFiles{passwordFile: f.keyPasswordFile, noPrompt: f.recorder != nil, SecureConfig: clientv3.SecureConfig{
		Cert:               f.cert,
		Key:                f.key,
		Cacert:             f.cacert,
		InsecureTransport:  f.insecureTransport,
		InsecureSkipVerify: f.insecureSkipVerify,
	}}
	if !f.insecureDiscovery {
		// Certificates are not checked against this name, but against the host
		// of each endpoint. It makes clientv3 use TLS.
		t.ServerName = f.discoverySrv
	}
	return t
}

// checkFiles returns an error for a file flag that was given without a value.
func (f *Flags) checkFiles() error {
	for _, file := range []struct{ flag, value string }{{"cert", f.cert}, {"key", f.key}, {"cacert", f.cacert}} {
		if file.value == "" && f.given(file.flag) {
			return fmt.Errorf("empty string is passed to --%s option", file.flag)
		}
	}
	return nil
}

// config returns the configuration as clientv3 makes it, or nil for no TLS. An
// encrypted key is decrypted here, which clientv3 can't.
func (t tlsFiles) config(ctx context.Context, s cli.Streams) (*tls.Config, error) {
	key := ClientKey{Cert: t.Cert, Key: t.Key, PasswordFile: t.passwordFile, KeyFlag: "--" + t.prefix + "key", PasswordFlag: "--" + t.prefix + "key-password-file"}
	secure := t.SecureConfig
	var pair *tls.Certificate
	if t.Cert != "" && key.Encrypted() {
		secure.Cert, secure.Key, secure.InsecureTransport = "", "", false
		if !t.noPrompt {
			var err error
			if pair, err = key.Load(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	cfg, err := clientv3.NewClientConfig(&clientv3.ConfigSpec{Secure: &secure}, nil)
	if err != nil {
		return nil, t.explain(err)
	}
	if pair != nil {
		cfg.TLS.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	return cfg.TLS, nil
}

// explain names the file that err is about, if its words do not.
func (t tlsFiles) explain(err error) error {
	if path := (*os.PathError)(nil); errors.As(err, &path) || t.Cert == "" || t.Key == "" {
		return err
	}
	for _, f := range []struct{ flag, file, kind string }{{"cert", t.Cert, "CERTIFICATE"}, {"key", t.Key, "PRIVATE KEY"}} {
		if what := notPEM(f.file, f.kind); what != "" {
			return fmt.Errorf("--%s%s %s: %w: %s", t.prefix, f.flag, f.file, err, what)
		}
	}
	return fmt.Errorf("--%scert %s, --%skey %s: %w", t.prefix, t.Cert, t.prefix, t.Key, err)
}

// notPEM says why a file has no PEM block of a kind, "" if it has one.
func notPEM(file, kind string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	found := ""
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.HasSuffix(block.Type, kind) {
			return ""
		}
		found = block.Type
	}
	command := "x509"
	if kind != "CERTIFICATE" {
		command = "pkey"
	}
	switch {
	case len(text) == 0:
		return "the file is empty"
	case found != "":
		return "the file has a " + plainText(found) + " instead"
	case isDER(text):
		return fmt.Sprintf("the file is DER, not PEM; convert it: openssl %s -inform der -in %s -out %s.pem", command, cli.Quote(file), cli.Quote(file))
	}
	return "the file is not PEM"
}

// isDER reports whether a file is a certificate or a key in DER.
func isDER(der []byte) bool {
	_, cert := x509.ParseCertificate(der)
	_, pkcs8 := x509.ParsePKCS8PrivateKey(der)
	_, pkcs1 := x509.ParsePKCS1PrivateKey(der)
	_, ec := x509.ParseECPrivateKey(der)
	return cert == nil || pkcs8 == nil || pkcs1 == nil || ec == nil
}

// untrusted says more of a server's unknown authority: that --cacert has no
// certificate at all. It returns nil if it has.
func (d *Dialer) untrusted() error {
	if d.cacert == "" {
		return nil
	}
	what := notPEM(d.cacert, "CERTIFICATE")
	if what == "" {
		return nil
	}
	return ownFinding(fmt.Sprintf("x509: certificate signed by unknown authority; %s %s has no certificate: %s", cmp.Or(d.cacertFlag, "--cacert"), d.cacert, what))
}
