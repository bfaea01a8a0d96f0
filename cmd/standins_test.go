package cmd_test

import (
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
)

// etcd's words for a log go through the stand-in for github.com/golang/protobuf.
func TestStandIn(t *testing.T) {
	t.Parallel()
	put := etcdserverpb.NewLoggablePutRequest(&etcdserverpb.PutRequest{Key: []byte("k"), Value: []byte("secret")})
	want := `key:"k" value_size:6`
	if got := strings.Join(strings.Fields(put.String()), " "); got != want { // its spaces vary
		t.Errorf("%s, want %s", got, want)
	}
}
