package s3_test

import (
	"testing"

	"etcdkit/backup/store"
	"etcdkit/backup/store/s3"
	"etcdkit/backup/store/storetest"
)

// open returns a store in a new bucket of a gateway.
func open(t *testing.T, g *storetest.Gateway, prefix string) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "s3://"+g.Bucket(t)+prefix, store.Options{Endpoint: g.Endpoint, PathStyle: true, Env: g.Env(), S3: s3.Open})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	g := storetest.NewGateway(t)
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, g, "") })
}

func TestConformancePrefix(t *testing.T) {
	t.Parallel()
	g := storetest.NewGateway(t)
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, g, "/etcd/prod/") })
}
