package conn

import (
	"slices"
	"strings"
	"testing"

	"etcdkit/commands/cli"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Every method of every service has the path that its annotation says, but for
// those that have no annotation.
func TestGatewayPaths(t *testing.T) {
	t.Parallel()
	unserved := []string{pb.KV_RangeStream_FullMethodName}
	found := 0
	services := pb.File_rpc_proto.Services()
	for i := range services.Len() {
		methods := services.Get(i).Methods()
		for j := range methods.Len() {
			m := methods.Get(j)
			name := "/" + string(services.Get(i).FullName()) + "/" + string(m.Name())
			want, body := httpRule(m)
			if gatewayPath(name) != want || (want == "") != slices.Contains(unserved, name) {
				t.Errorf("%s: %q, want %q", name, gatewayPath(name), want)
			}
			if want != "" {
				found++
			}
			if want != "" && body != "*" {
				t.Errorf("%s: the request is not the whole body", name)
			}
		}
	}
	if found != len(gatewayPaths()) || found < 40 {
		t.Errorf("%d methods, %d rows", found, len(gatewayPaths()))
	}
	for _, row := range gatewayPaths() {
		if !strings.HasPrefix(row.path, "/v3/") || cli.Quote(row.path) != row.path {
			t.Errorf("%s", row.path)
		}
	}
}

// httpRule returns the google.api.http rule of a method: the path that it is
// posted to, and the part of the request that is the body.
func httpRule(m protoreflect.MethodDescriptor) (post, body string) {
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	return rule.GetPost(), rule.GetBody()
}
