package view

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"etcdkit/printer"
)

// printed is v in a format, with or without --hex.
func printed(t *testing.T, format string, hex bool, v printer.View) string {
	t.Helper()
	var out bytes.Buffer
	p, err := printer.New(&out, format, printer.Options{Hex: hex})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Print(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// shown is the expected output of one view in every format. A form under --hex
// is omitted if it is the same.
type shown struct {
	name                        string
	view                        printer.View
	simple, fields, table, json string
	hexSimple, hexFields        string
	hexTable, hexJSON           string
	protobuf                    proto.Message // whose bytes are printed; not tested where nil
}

func (s shown) test(t *testing.T) {
	t.Parallel()
	for _, f := range []struct{ format, plain, hex string }{
		{"simple", s.simple, s.hexSimple}, {"fields", s.fields, s.hexFields},
		{"table", s.table, s.hexTable}, {"json", s.json, s.hexJSON},
	} {
		if f.hex == "" {
			f.hex = f.plain
		}
		if got := printed(t, f.format, false, s.view); got != f.plain {
			t.Errorf("%s: got\n%s\nwant\n%s", f.format, got, f.plain)
		}
		o := printer.Options{Hex: true, Release: releaseNamed(t, "3.7")}
		if f.format == "table" {
			o.Release = nil
		}
		if got := printedAs(t, f.format, o, s.view); got != f.hex {
			t.Errorf("%s --hex: got\n%s\nwant\n%s", f.format, got, f.hex)
		}
	}
	testMachine(t, s.view)
	testHex(t, s.view)
	if s.protobuf == nil {
		return
	}
	want, err := proto.Marshal(s.protobuf)
	if err != nil {
		t.Fatal(err)
	}
	for _, hex := range []bool{false, true} {
		if got := printed(t, "protobuf", hex, s.view); got != string(want) {
			t.Errorf("protobuf, hex %v: got %q, want %q", hex, got, want)
		}
	}
}

// encoded is v as encoding/json has it, with the line end that upstream adds.
func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

// randomize fills about half of the fields of m, at any depth.
func randomize(r *rand.Rand, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if r.IntN(2) == 0 {
			continue
		}
		switch {
		case f.IsList() && f.Message() != nil:
			for range r.IntN(4) {
				randomize(r, m.Mutable(f).List().AppendMutable().Message())
			}
		case f.IsList():
			for range r.IntN(4) {
				m.Mutable(f).List().Append(randomValue(r, f))
			}
		case f.Message() != nil:
			randomize(r, m.Mutable(f).Message())
		default:
			m.Set(f, randomValue(r, f))
		}
	}
}

func randomValue(r *rand.Rand, f protoreflect.FieldDescriptor) protoreflect.Value {
	number := r.Uint64() >> r.IntN(64)
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(number%2 == 0)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(int64(number))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(number)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(number))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(f.Enum().Values().Get(int(number % uint64(f.Enum().Values().Len()))).Number())
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([][]byte{{}, []byte("/a/b"), {0, 0xff, '\n'}, []byte("é<&>\""), {1}}[number%5])
	case protoreflect.StringKind:
		return protoreflect.ValueOfString([]string{"", "m1", "http://127.0.0.1:2380", `<a "b" & c>`, "é日🙂\u2028", "\x00\n\t"}[number%6])
	default:
		panic("no random values of " + f.Kind().String())
	}
}
