package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/youmark/pkcs8"
)

// Names of the certificate pairs that WriteCerts makes; each is NAME.crt and NAME.key. All but CAs serve as server and
// as client certificate.
const (
	CertServer  = "server"  // for localhost and 127.0.0.1
	CertClient  = "client"  // common name "client"
	CertExpired = "expired" // ended yesterday
	CertOther   = "other"   // signed by the other authority
	CertSoon    = "soon"    // ends in ten days
	CertNames   = "names"   // for localhost alone
)

// validity is how long a certificate is good that is not about to end.
const validity = 100 * 24 * time.Hour

// WriteCerts makes two certificate authorities (ca.crt, other-ca.crt) and the pairs above in dir.
func WriteCerts(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	now := time.Now()
	ca, err := newAuthority(dir, "ca", now)
	if err != nil {
		return err
	}
	other, err := newAuthority(dir, "other-ca", now)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name     string
		by       *authority
		from, to time.Time
	}{
		{CertServer, ca, now.Add(-time.Hour), now.Add(validity)},
		{CertClient, ca, now.Add(-time.Hour), now.Add(validity)},
		{CertExpired, ca, now.Add(-48 * time.Hour), now.Add(-24 * time.Hour)},
		{CertOther, other, now.Add(-time.Hour), now.Add(validity)},
		{CertSoon, ca, now.Add(-time.Hour), now.Add(10*24*time.Hour + time.Hour)},
		{CertNames, ca, now.Add(-time.Hour), now.Add(validity)},
	} {
		if err := c.by.issue(dir, c.name, c.from, c.to); err != nil {
			return fmt.Errorf("certificate %s: %w", c.name, err)
		}
	}
	return nil
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(dir, name string, now time.Time) (*authority, error) {
	tmpl, err := template(name, now.Add(-time.Hour*72), now.Add(validity))
	if err != nil {
		return nil, err
	}
	tmpl.IsCA = true
	tmpl.BasicConstraintsValid = true
	tmpl.KeyUsage = x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key}, writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der, 0o644)
}

func (a *authority) issue(dir, name string, from, to time.Time) error {
	tmpl, err := template(name, from, to)
	if err != nil {
		return err
	}
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	tmpl.DNSNames = []string{"localhost"}
	if name != CertNames {
		tmpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der, 0o644); err != nil {
		return err
	}
	if name == CertClient {
		if err := writeEncrypted(filepath.Join(dir, name+"-encrypted.key"), key); err != nil {
			return err
		}
	}
	return writePEM(filepath.Join(dir, name+".key"), "EC PRIVATE KEY", keyDER, 0o600)
}

// KeyPassword is the password of client-encrypted.key, the client's key once more.
const KeyPassword = "keypw"

func writeEncrypted(path string, key *ecdsa.PrivateKey) error {
	der, err := pkcs8.MarshalPrivateKey(key, []byte(KeyPassword), nil)
	if err != nil {
		return err
	}
	return writePEM(path, "ENCRYPTED PRIVATE KEY", der, 0o600)
}

func template(name string, from, to time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: []string{"etcdkit test"}},
		NotBefore:    from,
		NotAfter:     to,
	}, nil
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

// probeTLS is the TLS configuration with which the harness itself asks a server
// for its health; a server may deliberately have a bad certificate, so it is
// not verified.
func probeTLS(certs string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(certs, CertClient+".crt"), filepath.Join(certs, CertClient+".key"))
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true}, nil
}
