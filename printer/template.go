package printer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

// Template is the name of the format that prints through a Go template.
const Template = "template"

// ErrTemplate is the error of a template that can't be used.
var ErrTemplate = errors.New("bad template")

// openTemplate parses the template. A member that an object does not have is an
// error when it is applied, and the line of that object is not printed. A template
// that names a member of text gets text.
func openTemplate(o Options) (func(*Text, View), error) {
	if o.Template == "" {
		return nil, fmt.Errorf("%w: give one with --template", ErrTemplate)
	}
	tmpl, err := template.New("--template").Option("missingkey=error").Funcs(template.FuncMap{
		"decode": unbase64,
		"json":   compact,
	}).Parse(o.Template)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrTemplate, strings.TrimPrefix(err.Error(), "template: "))
	}
	text := strings.Contains(o.Template, textSuffix)
	return func(t *Text, v View) {
		var object bytes.Buffer
		inner := t.into(&object)
		inner.UTF8 = inner.UTF8 || text
		objects(&Lines{inner, func() {
			if err := inner.flush(); err != nil {
				return // the cause is reported below
			}
			if err := apply(tmpl, t, object.Bytes()); err != nil {
				inner.Fail(err)
			}
			object.Reset()
		}}, v)
		t.took(inner)
	}, nil
}

// apply prints one JSON document, on its own line unless that is empty.
func apply(tmpl *template.Template, t *Text, document []byte) error {
	data, err := decode(document)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, data); err != nil {
		return fmt.Errorf("%s%s", strings.TrimPrefix(err.Error(), "template: "), members(err, data))
	}
	if b := out.Bytes(); len(b) > 0 && b[len(b)-1] != '\n' {
		out.WriteByte('\n')
	}
	_, err = t.Write(out.Bytes())
	return err
}

// members lists the members of an object where an error is about one that it does
// not have.
func members(err error, data any) string {
	object, ok := data.(map[string]any)
	if !ok || !strings.Contains(err.Error(), "map has no entry for key") {
		return ""
	}
	return ": it has " + strings.Join(slices.Sorted(maps.Keys(object)), ", ")
}

// decode reads JSON. Integers are int64 where they fit, else uint64.
func decode(document []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("decode the document for the template: %w", err)
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = numbers(member)
		}
	case []any:
		for i, element := range v {
			v[i] = numbers(element)
		}
	case json.Number:
		return number(v)
	}
	return v
}

func number(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		return u
	}
	return n
}

// unbase64 is the template's function that makes bytes of base64.
func unbase64(s string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err
}

// compact is the template's function that prints a part of the document.
func compact(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
