package conn

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// warm has protobuf make the tables by which it encodes and decodes messages of
// the types of these, on a goroutine of its own. It makes them when they are
// first needed, which takes longer than the exchange of two small messages with
// a server; done while the connection is made, it costs no time.
func warm(messages ...any) {
	var types []protoreflect.MessageType
	for _, m := range messages {
		if m, ok := m.(proto.Message); ok {
			types = append(types, m.ProtoReflect().Type())
		}
	}
	go func() {
		for _, t := range types {
			exercise(t)
		}
	}()
}

// exercise encodes and decodes a message of a type.
func exercise(t protoreflect.MessageType) {
	m := t.New()
	fill(m)
	b, err := proto.Marshal(m.Interface())
	if err != nil {
		return // the request will meet it again
	}
	_ = proto.Unmarshal(b, t.New().Interface()) // the same
}

// fill gives a message an empty one in each field that takes messages. Those of
// a oneof are left out: most requests have none of them.
func fill(m protoreflect.Message) {
	for i := range m.Descriptor().Fields().Len() {
		switch f := m.Descriptor().Fields().Get(i); {
		case f.Message() == nil, f.IsMap(), f.ContainingOneof() != nil:
		case f.IsList():
			m.Mutable(f).List().AppendMutable()
		default:
			m.Mutable(f)
		}
	}
}
