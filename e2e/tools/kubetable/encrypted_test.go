package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"

	"etcdkit/kube"
)

// configFor returns an encryption configuration with one key.
func configFor(provider string, secret []byte) string {
	return fmt.Sprintf(`apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - %s:
      keys:
      - name: key1
        secret: %s
  - identity: {}
`, provider, base64.StdEncoding.EncodeToString(secret))
}

// TestEncrypted decrypts what kube-apiserver's own code has encrypted.
func TestEncrypted(t *testing.T) {
	const etcdKey = "/registry/secrets/shop/shop"
	object := objects()["secret"]
	plain := stored(t, object)
	want, err := decoder(t).Decode(nil, nil, plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range []string{"aescbc", "aesgcm", "secretbox"} {
		t.Run(provider, func(t *testing.T) {
			config := configFor(provider, bytes.Repeat([]byte{7}, 32))
			path := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := encryptionconfig.LoadEncryptionConfig(t.Context(), path, false, "test")
			if err != nil {
				t.Fatal(err)
			}
			transformer := c.Transformers[schema.GroupResource{Resource: "secrets"}]
			sealed, err := transformer.TransformToStorage(context.Background(), plain, value.DefaultContext(etcdKey))
			if err != nil {
				t.Fatal(err)
			}
			open := func(config, key string, sealed []byte) ([]byte, error) {
				keys, err := kube.ReadKeys([]byte(config))
				if err != nil {
					t.Fatal(err)
				}
				d, err := kube.New(kube.Options{ShowSecrets: true, Keys: keys})
				if err != nil {
					t.Fatal(err)
				}
				return d.Decode(nil, []byte(key), sealed)
			}
			if got, err := open(config, etcdKey, sealed); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
			var encrypted *kube.Encrypted
			if _, err := open(configFor(provider, bytes.Repeat([]byte{8}, 32)), etcdKey, sealed); !errors.As(err, &encrypted) || encrypted.Key != "key1" {
				t.Errorf("another key: %v", err)
			}
			_, err = open(config, etcdKey+"2", sealed)
			if authenticated := provider == "aesgcm"; errors.As(err, &encrypted) != authenticated {
				t.Errorf("moved to another key of etcd: %v", err)
			}
			for i := range sealed { // no cut makes it panic
				_, _ = open(config, etcdKey, sealed[:i])
			}
		})
	}
}
