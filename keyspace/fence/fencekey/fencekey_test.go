package fencekey

import (
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

func TestIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		key   string
		lease int64
		want  bool
	}{
		{New([]byte("/app/a")) + "1", 7, true},
		{New([]byte("/app/a")) + "1", 0, false},
		{New([]byte("/app/a")), 7, false},
		{New([]byte("/app/a")) + "1/more", 7, false},
		{"/app/a", 7, false},
	} {
		if got := Is(&mvccpb.KeyValue{Key: []byte(tt.key), Lease: tt.lease}); got != tt.want {
			t.Errorf("%q with lease %d: %v, want %v", tt.key, tt.lease, got, tt.want)
		}
	}
}
