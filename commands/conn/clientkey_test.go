package conn

import (
	"crypto/tls"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/youmark/pkcs8"

	"etcdkit/commands/cli"
)

// encrypt writes the key of a pair, encrypted with a password.
func encrypt(t *testing.T, pair tls.Certificate, password string) (file string) {
	t.Helper()
	der, err := pkcs8.MarshalPrivateKey(pair.PrivateKey, []byte(password), nil)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "encrypted.key")
	writePEM(t, file, encryptedPKCS8, der)
	return file
}

func write(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// An encrypted key could not be used at all.
func TestEncryptedKey(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pair := ca.issue(t, "127.0.0.1", time.Now().Add(time.Hour))
	cert, plainKey := files(t, pair)
	l := listen(t)
	serve(t, l, &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool(),
	}, happy)
	key := encrypt(t, pair, "secret words")
	legacyKey := write(t, string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("x"),
	})))
	for _, tt := range []struct {
		name, key string
		args      []string
		fail      string
	}{
		{name: "not encrypted", key: plainKey},
		{name: "a password for a key without", key: plainKey, args: []string{"--key-password-file", "/nowhere"}},
		{name: "from a file", key: key, args: []string{"--key-password-file", write(t, "secret words\n")}},
		{name: "without the end of the line", key: key, args: []string{"--key-password-file", write(t, "secret words")}},
		{name: "wrong", key: key, args: []string{"--key-password-file", write(t, "secret")},
			fail: "decrypt --key KEY: wrong password, or a cipher that is not supported (pkcs8: incorrect password)"},
		{name: "no such file", key: key, args: []string{"--key-password-file", "/nowhere"},
			fail: "read the password of --key KEY: open /nowhere: no such file or directory"},
		{name: "no password, no terminal", key: key, fail: "--key KEY is encrypted; --key-password-file names a file with its password"},
		{name: "legacy", key: legacyKey, args: []string{"--key-password-file", write(t, "secret")},
			fail: "--key KEY is encrypted in a legacy way (Proc-Type: 4,ENCRYPTED); convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out KEY.p8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, s, _, _ := parsed(t, append([]string{"--endpoints", "https://" + l.Addr().String(), "--cacert", ca.file, "--cert", cert, "--key", tt.key}, tt.args...)...)
			d, err := f.Dialer(t.Context(), s)
			if want := strings.NewReplacer("KEY.p8", tt.key+".p8", " KEY", " "+tt.key).Replace(tt.fail); tt.fail != "" {
				if errorText(err) != want || cli.CodeOf(err) != cli.BadArgs {
					t.Errorf("%v, code %d\nwant %s", err, cli.CodeOf(err), want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := putError(t.Context(), t, d.FailFast()); err != nil {
				t.Error(err)
			}
		})
	}
}

// The second cluster's key may be encrypted too, and its messages name its flags.
func TestEncryptedDestinationKey(t *testing.T) {
	t.Parallel()
	pair := newAuthority(t).issue(t, "127.0.0.1", time.Now().Add(time.Hour))
	cert, _ := files(t, pair)
	key := encrypt(t, pair, "p")
	f, s, _, _ := parsed(t)
	to := &Destination{cert: cert, key: key}
	_, err := f.DialerTo(t.Context(), s, []string{"127.0.0.1:1"}, to)
	if want := "--dest-key " + key + " is encrypted; --dest-key-password-file names a file with its password"; errorText(err) != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	to.keyPasswordFile = write(t, "p\n")
	d, err := f.DialerTo(t.Context(), s, []string{"127.0.0.1:1"}, to)
	if err != nil || d.cfg.TLS.GetClientCertificate == nil {
		t.Errorf("%v", err)
	}
}
