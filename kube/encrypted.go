package kube

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/nacl/secretbox"
)

// encryptedPrefix begins a value that kube-apiserver has encrypted:
// k8s:enc:PROVIDER:VERSION:KEY:DATA.
const encryptedPrefix = "k8s:enc:"

// Encrypted is the error of a value that is encrypted at rest and was not decrypted.
type Encrypted struct {
	Provider string // such as aescbc
	Key      string // the name of the key, or of the KMS plugin
	Cause    error  // why it could not be decrypted; nil without keys
}

// Error names provider and key, and the next step.
func (e *Encrypted) Error() string {
	what := fmt.Sprintf("encrypted at rest by %s with key %q", e.Provider, e.Key)
	switch {
	case e.Cause != nil:
		return what + ": " + e.Cause.Error()
	case e.Provider == "kms":
		return what + ": only the plugin of kube-apiserver can decrypt it"
	}
	return what + ": use --encryption-config"
}

// Unwrap returns the cause.
func (e *Encrypted) Unwrap() error { return e.Cause }

var (
	errKeyName = errors.New("the encryption configuration has no such key")
	errKeyFits = errors.New("the key of the encryption configuration does not fit, or the value is damaged or was written at another key")
)

// Keys are the keys of an encryption configuration of kube-apiserver. A nil *Keys
// has none.
type Keys struct {
	open map[keyName][]opener
}

type keyName struct{ provider, name string }

// opener decrypts data that was written at a key of etcd.
type opener func(etcdKey, data []byte) ([]byte, error)

// configuration is the part of kube-apiserver's EncryptionConfiguration that
// decryption needs.
type configuration struct {
	Kind      string `yaml:"kind"`
	Resources []struct {
		Providers []map[string]struct {
			Keys []struct {
				Name   string `yaml:"name"`
				Secret string `yaml:"secret"`
			} `yaml:"keys"`
		} `yaml:"providers"`
	} `yaml:"resources"`
}

// ReadKeys reads an EncryptionConfiguration in YAML or JSON. For which resources a
// key is listed does not matter.
func ReadKeys(text []byte) (*Keys, error) {
	var c configuration
	if err := yaml.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	if c.Kind != "EncryptionConfiguration" && c.Kind != "EncryptionConfig" {
		return nil, fmt.Errorf("its kind is %q, not EncryptionConfiguration", c.Kind)
	}
	k := &Keys{open: map[keyName][]opener{}}
	for _, r := range c.Resources {
		for _, providers := range r.Providers {
			for provider, p := range providers {
				for _, key := range p.Keys {
					secret, err := base64.StdEncoding.DecodeString(key.Secret)
					if err != nil {
						return nil, fmt.Errorf("key %q of %s: the secret is not base64", key.Name, provider)
					}
					open, err := newOpener(provider, secret)
					if err != nil {
						return nil, fmt.Errorf("key %q of %s: %w", key.Name, provider, err)
					}
					name := keyName{provider, key.Name}
					k.open[name] = append(k.open[name], open)
				}
			}
		}
	}
	return k, nil
}

// newOpener returns what decrypts data of a provider, as in k8s.io/apiserver.
func newOpener(provider string, secret []byte) (opener, error) {
	switch provider {
	case "aescbc", "aesgcm":
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, err
		}
		if provider == "aescbc" {
			return func(_, data []byte) ([]byte, error) { return openCBC(block, data) }, nil
		}
		gcm, err := cipher.NewGCM(block)
		return func(etcdKey, data []byte) ([]byte, error) { return openGCM(gcm, etcdKey, data) }, err
	case "secretbox":
		if len(secret) != 32 {
			return nil, fmt.Errorf("the secret has %d bytes instead of 32", len(secret))
		}
		key := [32]byte(secret)
		return func(_, data []byte) ([]byte, error) { return openSecretbox(&key, data) }, nil
	}
	return nil, errors.New("the provider is none of aescbc, aesgcm and secretbox")
}

// openCBC decrypts an initialization vector and blocks with PKCS #7 padding.
func openCBC(block cipher.Block, data []byte) ([]byte, error) {
	if len(data) < 2*aes.BlockSize || len(data)%aes.BlockSize != 0 {
		return nil, errKeyFits
	}
	plain := make([]byte, len(data)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, data[:aes.BlockSize]).CryptBlocks(plain, data[aes.BlockSize:])
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > len(plain) {
		return nil, errKeyFits
	}
	size := len(plain) - pad
	if !bytes.Equal(plain[size:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errKeyFits
	}
	return plain[:size], nil
}

// openGCM decrypts a nonce and sealed data; the key of etcd is authenticated.
func openGCM(gcm cipher.AEAD, etcdKey, data []byte) ([]byte, error) {
	if len(data) < gcm.NonceSize() {
		return nil, errKeyFits
	}
	plain, err := gcm.Open(nil, data[:gcm.NonceSize()], data[gcm.NonceSize():], etcdKey)
	if err != nil {
		return nil, errKeyFits
	}
	return plain, nil
}

func openSecretbox(key *[32]byte, data []byte) ([]byte, error) {
	const nonceSize = 24
	if len(data) < nonceSize {
		return nil, errKeyFits
	}
	plain, ok := secretbox.Open(nil, data[nonceSize:], (*[nonceSize]byte)(data), key)
	if !ok {
		return nil, errKeyFits
	}
	return plain, nil
}

// decrypt returns a value decrypted, or as it is if it is not encrypted.
func (k *Keys) decrypt(etcdKey, value []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(value, []byte(encryptedPrefix))
	if !ok {
		return value, nil
	}
	parts := bytes.SplitN(rest, []byte(":"), 4)
	if len(parts) < 4 {
		return nil, &Encrypted{Provider: string(parts[0]), Cause: errors.New("the value ends before the name of the key")}
	}
	e := &Encrypted{Provider: string(parts[0]), Key: string(parts[2])}
	if k == nil || e.Provider == "kms" {
		return nil, e
	}
	openers := k.open[keyName{e.Provider, e.Key}]
	if len(openers) == 0 || string(parts[1]) != "v1" {
		e.Cause = errKeyName
		return nil, e
	}
	for _, open := range openers {
		plain, err := open(etcdKey, parts[3])
		if err == nil && known(plain) {
			return plain, nil
		}
	}
	e.Cause = errKeyFits // also if another key has made some text of it, which a padding alone does not exclude
	return nil, e
}

// known reports whether a value begins as one of an object does.
func known(value []byte) bool {
	return bytes.HasPrefix(value, []byte(envelopePrefix)) || bytes.HasPrefix(value, []byte(cborPrefix)) || len(value) > 0 && value[0] == '{'
}
