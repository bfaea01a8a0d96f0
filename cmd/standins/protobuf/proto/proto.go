// Package proto has those functions of the deprecated github.com/golang/protobuf
// that etcd's packages still call, and goes by that name (a replace directive of
// the root module). Each hands over to google.golang.org/protobuf, as there. What
// the rest of the deprecated module brings into a program, above all the making of
// descriptors, is a tenth of the start-up of etcdctl. It may import nothing else.
package proto

import (
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Message is a message of either API.
type Message = protoadapt.MessageV1

// CompactTextString returns a message as text on one line, for logs. Its
// spaces may differ between builds.
func CompactTextString(m Message) string {
	return prototext.MarshalOptions{AllowPartial: true}.Format(protoadapt.MessageV2Of(m))
}

// MessageReflect returns a view of a message for reflection.
func MessageReflect(m Message) protoreflect.Message {
	return protoadapt.MessageV2Of(m).ProtoReflect()
}

// Merge adds what src holds to dst, which must be of the same type: fields are
// overwritten, lists and maps grow.
func Merge(dst, src Message) {
	proto.Merge(protoadapt.MessageV2Of(dst), protoadapt.MessageV2Of(src))
}

// Unmarshal makes m what b encodes. A required field that is missing is an
// error, and m then holds the others.
func Unmarshal(b []byte, m Message) error {
	return proto.Unmarshal(b, protoadapt.MessageV2Of(m))
}
