package conn

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Every message of etcd's API comes through, with all in it that can be asked
// for without a choice.
func TestExercise(t *testing.T) {
	t.Parallel()
	services := pb.File_rpc_proto.Services()
	if services.Len() == 0 {
		t.Fatal("no services")
	}
	for i := range services.Len() {
		for j := range services.Get(i).Methods().Len() {
			method := services.Get(i).Methods().Get(j)
			for _, d := range []protoreflect.MessageDescriptor{method.Input(), method.Output()} {
				found, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
				if err != nil {
					t.Fatal(err)
				}
				exercise(found)
				m := found.New()
				fill(m)
				for k := range d.Fields().Len() {
					if f := d.Fields().Get(k); f.Message() != nil && f.ContainingOneof() == nil && !m.Has(f) {
						t.Errorf("%s: nothing in %s", d.FullName(), f.Name())
					}
				}
			}
		}
	}
}
