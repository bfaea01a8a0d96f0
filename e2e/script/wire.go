package script

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// dumpWire writes protobuf bytes as one line for each value: the path of field numbers and the value. Nothing is lost but
// the encoded form, so two dumps are equal exactly when the bytes are: a varint longer than it must be is marked. Text is
// told from a nested message by its bytes alone.
func dumpWire(data []byte) string {
	var out strings.Builder
	if !dumpMessage(&out, "", data) {
		return fmt.Sprintf("not protobuf: %q\n", data)
	}
	return out.String()
}

func dumpMessage(out *strings.Builder, path string, data []byte) bool {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		field := path + strconv.Itoa(int(num))
		if n != protowire.SizeTag(num) {
			field += "(long tag)"
		}
		data = data[n:]
		if n = dumpValue(out, field, typ, data); n < 0 {
			return false
		}
		data = data[n:]
	}
	return true
}

// dumpValue writes one value and returns how many bytes it took, or a negative number.
func dumpValue(out *strings.Builder, field string, typ protowire.Type, data []byte) int {
	switch typ {
	case protowire.VarintType:
		v, n := protowire.ConsumeVarint(data)
		if n >= 0 {
			fmt.Fprintf(out, "%s: %d%s\n", field, v, long(n, v))
		}
		return n
	case protowire.Fixed32Type:
		v, n := protowire.ConsumeFixed32(data)
		if n >= 0 {
			fmt.Fprintf(out, "%s: fixed32 %d\n", field, v)
		}
		return n
	case protowire.Fixed64Type:
		v, n := protowire.ConsumeFixed64(data)
		if n >= 0 {
			fmt.Fprintf(out, "%s: fixed64 %d\n", field, v)
		}
		return n
	case protowire.BytesType:
		v, n := protowire.ConsumeBytes(data)
		if n >= 0 {
			if len := uint64(len(v)); n != protowire.SizeBytes(int(len)) {
				field += "(long length)"
			}
			dumpBytes(out, field, v)
		}
		return n
	default:
		return -1
	}
}

func dumpBytes(out *strings.Builder, field string, v []byte) {
	if len(v) == 0 {
		fmt.Fprintf(out, "%s: empty\n", field)
		return
	}
	if !printable(v) {
		var nested strings.Builder
		if dumpMessage(&nested, field+".", v) {
			out.WriteString(nested.String())
			return
		}
	}
	fmt.Fprintf(out, "%s: %q\n", field, v)
}

func printable(v []byte) bool {
	for _, c := range v {
		if (c < ' ' && c != '\n' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

func long(n int, v uint64) string {
	if n == protowire.SizeVarint(v) {
		return ""
	}
	return " (long varint)"
}
