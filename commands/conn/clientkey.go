package conn

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"github.com/youmark/pkcs8"

	"etcdkit/commands/cli"
)

// encryptedPKCS8 is the PEM type of an encrypted key that this package reads.
const encryptedPKCS8 = "ENCRYPTED PRIVATE KEY"

// ClientKey is a client certificate whose key may be encrypted, with the names
// of the flags that messages refer to.
type ClientKey struct {
	Cert, Key    string // files
	PasswordFile string // "": asked for on a terminal
	KeyFlag      string
	PasswordFlag string
}

// Encrypted reports whether the key file holds an encrypted key. It returns
// false for a file that can't be read; opening it reports the error.
func (k ClientKey) Encrypted() bool {
	block := k.block()
	return block != nil && (block.Type == encryptedPKCS8 || legacy(block))
}

// block returns the first key of the file, or nil.
func (k ClientKey) block() *pem.Block {
	text, err := os.ReadFile(k.Key)
	if err != nil {
		return nil
	}
	for {
		block, rest := pem.Decode(text)
		if block == nil || strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block
		}
		text = rest
	}
}

// legacy reports whether a key uses PEM's own encryption, which is broken: its
// key is one round of MD5, and the decrypted data is not authenticated.
func legacy(block *pem.Block) bool { return strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") }

// Load reads the certificate and its encrypted key. The password is the content
// of the password file without the end of the line, or is asked for on a
// terminal; it is never taken from input that is none.
func (k ClientKey) Load(ctx context.Context, s cli.Streams) (*tls.Certificate, error) {
	cert, err := os.ReadFile(k.Cert)
	if err != nil {
		return nil, err
	}
	block := k.block()
	if block == nil {
		return nil, fmt.Errorf("%s %s: no key in it", k.KeyFlag, k.Key)
	}
	if legacy(block) {
		return nil, fmt.Errorf("%s %s is encrypted in a legacy way (Proc-Type: 4,ENCRYPTED); convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in %s -out %s",
			k.KeyFlag, k.Key, cli.Quote(k.Key), cli.Quote(k.Key+".p8"))
	}
	password, err := k.password(ctx, s)
	if err != nil {
		return nil, err
	}
	key, _, err := pkcs8.ParsePrivateKey(block.Bytes, password)
	if err != nil {
		return nil, fmt.Errorf("decrypt %s %s: wrong password, or a cipher that is not supported (%w)", k.KeyFlag, k.Key, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", k.KeyFlag, k.Key, err)
	}
	pair, err := tls.X509KeyPair(cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		return nil, fmt.Errorf("%s with %s %s: %w", k.Cert, k.KeyFlag, k.Key, err)
	}
	return &pair, nil
}

func (k ClientKey) password(ctx context.Context, s cli.Streams) ([]byte, error) {
	if k.PasswordFile != "" {
		text, err := os.ReadFile(k.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read the password of %s %s: %w", k.KeyFlag, k.Key, err)
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), nil
	}
	if _, terminal := cli.Terminal(s.In); !terminal {
		return nil, fmt.Errorf("%s %s is encrypted; %s names a file with its password", k.KeyFlag, k.Key, k.PasswordFlag)
	}
	password, err := s.AskPassword(ctx, "Password of key "+k.Key+": ")
	if err != nil {
		return nil, fmt.Errorf("%s %s is encrypted: %w", k.KeyFlag, k.Key, err)
	}
	return []byte(password), nil
}
