package printer

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// header is the name of the field that all answers have in common.
const header = "header"

// MessageJSON appends a message as an object: members have the names and the
// order of the message's definition, as upstream's structs have. The fields in
// without are left out; a nil message is null.
func (t *Text) MessageJSON(m proto.Message, without ...protoreflect.Name) {
	if !m.ProtoReflect().IsValid() {
		t.JSONNull()
		return
	}
	o := t.Object()
	o.Fields(m, func(f protoreflect.Name) bool { return !slices.Contains(without, f) })
	o.End()
}

// Fields adds the fields of a message for which want, which may be nil, is true.
func (o *Object) Fields(m proto.Message, want func(protoreflect.Name) bool) {
	fields := m.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); want == nil || want(f.Name()) {
			o.field(f, m.ProtoReflect())
		}
	}
}

// answer appends a message as an object that has, if nothing is omitted, the
// members known from the request after the header.
func (t *Text) answer(m proto.Message, r Request) {
	o := t.Object()
	isHeader := func(f protoreflect.Name) bool { return f == header }
	o.Fields(m, isHeader)
	if t.whole {
		r.Request(o)
	}
	o.Fields(m, func(f protoreflect.Name) bool { return !isHeader(f) })
	o.End()
}

func (o *Object) field(f protoreflect.FieldDescriptor, m protoreflect.Message) {
	name, v := string(f.Name()), m.Get(f)
	switch {
	case f.IsList() && f.Kind() == protoreflect.MessageKind:
		o.messages(name, v.List())
	case f.IsList():
		o.Strings(name, listed(v.List()))
	case f.Kind() == protoreflect.MessageKind:
		if !m.Has(f) {
			o.Null(name)
			return
		}
		o.Key(name)
		o.t.MessageJSON(v.Message().Interface())
	case isID(f):
		o.ID(name, v.Uint())
	case f.Name() == "lease" && f.Kind() == protoreflect.Int64Kind:
		o.Lease(name, v.Int())
	case f.Kind() == protoreflect.EnumKind:
		o.Enum(name, enumNumber{f.Enum(), v.Enum()})
	case f.Kind() == protoreflect.BoolKind:
		o.Bool(name, v.Bool())
	case f.Kind() == protoreflect.StringKind:
		o.String(name, v.String())
	case f.Kind() == protoreflect.BytesKind:
		o.Bytes(name, v.Bytes())
	case unsigned(f):
		o.Uint(name, v.Uint())
	default:
		o.Int(name, v.Int())
	}
}

func (o *Object) messages(name string, all protoreflect.List) {
	if all.Len() == 0 && !o.keep {
		return
	}
	o.Key(name)
	a := o.t.Array()
	for i := range all.Len() {
		a.Next()
		o.t.MessageJSON(all.Get(i).Message().Interface())
	}
	a.End()
}

// isID reports whether a field is the id of a member or a cluster.
func isID(f protoreflect.FieldDescriptor) bool {
	switch f.Name() {
	case "cluster_id", "member_id", "memberID", "ID", "leader":
		return f.Kind() == protoreflect.Uint64Kind
	}
	return false
}

func unsigned(f protoreflect.FieldDescriptor) bool {
	return f.Kind() == protoreflect.Uint64Kind || f.Kind() == protoreflect.Uint32Kind
}

// enumNumber is a value of an enumeration.
type enumNumber struct {
	of    protoreflect.EnumDescriptor
	value protoreflect.EnumNumber
}

// Number implements Enumerator.
func (n enumNumber) Number() protoreflect.EnumNumber { return n.value }

// String returns the name of the value, or its number if it has none.
func (n enumNumber) String() string {
	if d := n.of.Values().ByNumber(n.value); d != nil {
		return string(d.Name())
	}
	return strconv.Itoa(int(n.value))
}

func listed(all protoreflect.List) []string {
	list := make([]string, all.Len())
	for i := range list {
		list[i] = all.Get(i).String()
	}
	return list
}

// messageFields lists a message whose fields are scalars, lists of strings, and
// the header, as upstream does.
func (t *Text) messageFields(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		v := m.Get(f)
		if f.Name() == header {
			t.messageFields(v.Message())
			continue
		}
		if f.Name() == "revision" && v.Int() <= 0 && !t.Release.ZeroRevision {
			continue // as in answers that are not about keys
		}
		t.Byte('"')
		t.Raw(fieldName(f.Name()))
		t.Raw(`" :`)
		t.fieldValue(f, v)
		t.Byte('\n')
	}
}

func (t *Text) fieldValue(f protoreflect.FieldDescriptor, v protoreflect.Value) {
	if f.IsList() {
		for _, s := range listed(v.List()) {
			t.Byte(' ')
			t.Quoted([]byte(s))
		}
		return
	}
	t.Byte(' ')
	switch {
	case isID(f) && t.Hex:
		t.Raw(strconv.FormatUint(v.Uint(), 16))
	case f.Kind() == protoreflect.StringKind:
		t.Quoted([]byte(v.String()))
	case f.Kind() == protoreflect.BoolKind:
		t.Raw(strconv.FormatBool(v.Bool()))
	case unsigned(f):
		t.Uint(v.Uint())
	default:
		t.Int(v.Int())
	}
}

// fieldName is the name that upstream's code has for a field: raft_term is
// RaftTerm, and member_id is MemberID.
func fieldName(name protoreflect.Name) string {
	var b strings.Builder
	for part := range strings.SplitSeq(string(name), "_") {
		if part == "id" {
			b.WriteString("ID")
			continue
		}
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
