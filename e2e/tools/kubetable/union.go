package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// message is one type of the table.
type message struct {
	name   string
	kind   string // apiVersion and kind, of an object that can be stored
	fields []field
}

// field is a field of a message. What a letter means is in kube/table.go.
type field struct {
	num   int
	name  string
	typ   string // a letter; for a message "m" and its name
	flags string
}

// special are types whose JSON is not that of their fields.
var special = map[string]string{
	"meta/v1.Time": "t", "meta/v1.MicroTime": "u", "meta/v1.Duration": "d", "meta/v1.FieldsV1": "r",
	"util/intstr.IntOrString": "o", "api/resource.Quantity": "q", "runtime.RawExtension": "r",
	"apiextensions/v1.JSON": "r", "apiextensions/v1beta1.JSON": "r",
}

// schemas are types that hold a JSON schema or something shorter.
var schemas = map[string]string{"JSONSchemaPropsOrBool": "B", "JSONSchemaPropsOrArray": "A", "JSONSchemaPropsOrStringArray": "S"}

var builtin = map[string]string{
	"string": "s", "bool": "b", "int32": "i", "int64": "i", "int": "i", "int16": "i", "int8": "i", "uint8": "i", "float64": "f", "float32": "g",
}

// union collects the types of all releases.
type union struct {
	types map[string]*message
}

// add adds the types of a release that stored kinds use.
func (u *union) add(s sources) error {
	b := builder{sources: s, types: map[string]*message{}}
	for _, p := range s {
		for _, d := range p.types {
			if !b.stored(d) {
				continue
			}
			m, err := b.message(d)
			if err != nil {
				return err
			}
			m.kind = strings.TrimPrefix(p.group+"/"+p.version, "/") + " " + d.name
		}
	}
	for name, m := range b.types {
		if old := u.types[name]; old != nil {
			if err := old.merge(m); err != nil {
				return err
			}
		} else {
			u.types[name] = m
		}
	}
	return nil
}

// merge adds the fields of an older release that m does not have. A field whose
// type has been renamed keeps the newer name; no release uses a number again. One
// that a release has removed only appears in JSON if it is stored.
func (m *message) merge(old *message) error {
	if m.kind == "" {
		m.kind = old.kind
	}
	for _, f := range old.fields {
		i := slices.IndexFunc(m.fields, func(g field) bool { return g.num == f.num })
		switch {
		case i < 0:
			f.flags += "x"
			m.fields = append(m.fields, f)
		case m.fields[i].name != f.name || m.fields[i].typ[0] != f.typ[0]:
			return fmt.Errorf("%s: field %d is %s %s, and was %s %s", m.name, f.num, m.fields[i].name, m.fields[i].typ, f.name, f.typ)
		}
	}
	return nil
}

// builder makes the messages of one release.
type builder struct {
	sources sources
	types   map[string]*message
}

// stored reports whether a type has the shape of an object that is stored: one
// with a type and metadata of its own.
func (b *builder) stored(d *declaration) bool {
	st, ok := d.expr.(*ast.StructType)
	if !ok || d.pkg.version == "" || d.pkg.path == "k8s.io/apimachinery/pkg/apis/meta/v1" {
		return false
	}
	typed, meta := false, false
	for _, f := range st.Fields.List {
		sel, ok := f.Type.(*ast.SelectorExpr)
		if !ok {
			continue
		}
		typed = typed || len(f.Names) == 0 && sel.Sel.Name == "TypeMeta"
		meta = meta || sel.Sel.Name == "ObjectMeta"
	}
	return typed && meta
}

// message returns the message of a struct.
func (b *builder) message(d *declaration) (*message, error) {
	name := d.qualified()
	if m := b.types[name]; m != nil {
		return m, nil
	}
	m := &message{name: name}
	b.types[name] = m
	for _, f := range d.expr.(*ast.StructType).Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			return nil, err
		}
		wire, ok := reflect.StructTag(tag).Lookup("protobuf")
		if !ok || wire == "-" {
			continue
		}
		jsonTag := reflect.StructTag(tag).Get("json")
		if len(f.Names) == 0 && jsonTag == "" {
			jsonTag = ",inline"
		}
		fd, err := b.field(d, f.Type, jsonTag, wire)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		m.fields = append(m.fields, fd)
	}
	return m, nil
}

// qualified is the name of a type in the table.
func (d *declaration) qualified() string {
	p := d.pkg.path
	for _, prefix := range []string{"k8s.io/apimachinery/pkg/apis/", "k8s.io/apimachinery/pkg/", "k8s.io/apiextensions-apiserver/pkg/apis/",
		"k8s.io/kube-aggregator/pkg/apis/", "k8s.io/api/"} {
		if rest, ok := strings.CutPrefix(p, prefix); ok {
			p = rest
			break
		}
	}
	return p + "." + d.name
}

// field returns a field by its type and its tags.
func (b *builder) field(d *declaration, e ast.Expr, jsonTag, wire string) (f field, err error) {
	parts := strings.Split(wire, ",")
	if f.num, err = strconv.Atoi(parts[1]); err != nil {
		return f, err
	}
	options := strings.Split(jsonTag, ",")
	f.name = options[0]
	switch {
	case slices.Contains(options, "inline"):
		f.flags = "I"
	case slices.Contains(options, "omitzero"):
		f.flags = "z"
	case slices.Contains(options, "omitempty"):
		f.flags = "e"
	}
	if f.name == "" && f.flags != "I" {
		return f, fmt.Errorf("field %d has no name", f.num)
	}
	var shape string
	if f.typ, shape, err = b.typ(d, e); err != nil {
		return f, err
	}
	f.flags += shape
	return f, nil
}

// typ resolves a type to its letter, and the flags p (pointer), l (list) and M (map).
func (b *builder) typ(d *declaration, e ast.Expr) (typ, shape string, err error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		typ, _, err = b.typ(d, e.X)
		return typ, "p", err
	case *ast.ArrayType:
		if id, ok := e.Elt.(*ast.Ident); ok && id.Name == "byte" {
			return "y", "", nil
		}
		typ, _, err = b.typ(d, e.Elt)
		return typ, "l", err
	case *ast.MapType:
		typ, _, err = b.typ(d, e.Value)
		return typ, "M", err
	}
	next, err := b.sources.named(d, e)
	if err != nil {
		return "", "", err
	}
	if next == nil {
		id, ok := e.(*ast.Ident)
		if !ok || builtin[id.Name] == "" {
			return "", "", fmt.Errorf("type %v is not supported", e)
		}
		return builtin[id.Name], "", nil
	}
	if letter := special[next.qualified()]; letter != "" {
		return letter, "", nil
	}
	if letter := schemas[next.name]; letter != "" {
		return letter + (&declaration{pkg: next.pkg, name: "JSONSchemaProps"}).qualified(), "", nil
	}
	if next.wrapped {
		return "w", "", nil
	}
	if _, ok := next.expr.(*ast.StructType); ok {
		m, err := b.message(next)
		if err != nil {
			return "", "", err
		}
		return "m" + m.name, "", nil
	}
	return b.typ(next, next.expr)
}

// text returns the table: a line for each message, with its kind if it is stored,
// and a line for each of its fields, numbers ascending or not, in JSON's order.
func (u *union) text() []byte {
	var out bytes.Buffer
	for _, name := range slices.SortedFunc(maps.Keys(u.types), byLastName) {
		m := u.types[name]
		fmt.Fprintf(&out, "= %s %s\n", name, m.kind)
		for _, f := range m.fields {
			fmt.Fprintf(&out, "%d %s %s %s\n", f.num, f.name, f.typ, f.flags)
		}
	}
	return out.Bytes()
}

// byLastName sorts the versions of a type next to each other, which compresses well.
func byLastName(a, b string) int {
	last := func(s string) string { return s[strings.LastIndexByte(s, '.')+1:] + s }
	return strings.Compare(last(a), last(b))
}
