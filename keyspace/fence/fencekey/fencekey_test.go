package fencekey

import (
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

func TestIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		key  string
		want bool
	}{
		{New([]byte("/app/a")) + "1", true},
		{New([]byte("/app/a")), false},
		{New([]byte("/app/a")) + "1/more", false},
		{"/app/a", false},
	} {
		if got := Is(&mvccpb.KeyValue{Key: []byte(tt.key)}); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.key, got, tt.want)
		}
	}
}
