package printer

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"go.yaml.in/yaml/v3"
)

// yamlOf returns a JSON value as a YAML document, as simple output has it.
func yamlOf(t *testing.T, value string) string {
	t.Helper()
	var out bytes.Buffer
	text := newText(&out, Options{})
	text.YAML([]byte(value))
	if err := text.flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestYAMLDocument(t *testing.T) {
	t.Parallel()
	got := yamlOf(t, `{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"app":"nginx","n":"1","on":"yes"},"name":"a b"},`+
		`"spec":{"containers":[{"name":"c","args":["-x","sh -c: y","a: b","#"],"env":[]},{"image":"r.io/i:1","ports":[{"containerPort":80}]}],`+
		`"nested":[[1,2],[],[{}]],"none":null,"text":"line 1\n  line 2\n\nend","last":"a\n","more":"a\n\n","odd":" a\nb","tab":"a\u001bb\t"}}`)
	want := `apiVersion: v1
kind: Pod
metadata:
  labels:
    app: nginx
    "n": "1"
    "on": "yes"
  name: a b
spec:
  containers:
  - name: c
    args:
    - "-x"
    - "sh -c: y"
    - "a: b"
    - "#"
    env: []
  - image: r.io/i:1
    ports:
    - containerPort: 80
  nested:
  - - 1
    - 2
  - []
  - - {}
  none: null
  text: |-
    line 1
      line 2

    end
  last: |
    a
  more: |+
    a

  odd: " a\nb"
  tab: "a\u001bb\t"
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// FuzzYAMLValue checks that a YAML parser reads the same value, as a document and as
// a member of another one.
func FuzzYAMLValue(f *testing.F) {
	for _, s := range []string{"", "a", "no", "~", "0x1", "1e3", "1_000", "a: b", "a #b", "a\nb", "a\n\n\n", "\n", " ", "\x7f", "é\u2028", "- x", "a\tb\n c",
		"0o17", ".inf", "2001-01-01", "=", "<<", "a:", "null\n", "a\n b\n", "\u0085a", "\ufeff", "!x", "a\r\nb"} {
		f.Add(s, "k")
		f.Add("v", s)
	}
	f.Fuzz(func(t *testing.T, s, name string) {
		value, err := json.Marshal(map[string]any{name: []any{s, map[string]any{"x" + name: s}, []any{s, 1}}, "z" + name: s})
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal(value, &want); err != nil {
			t.Fatal(err)
		}
		text := yamlOf(t, string(value))
		var node any
		if err := yaml.Unmarshal([]byte(text), &node); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		again, err := json.Marshal(node)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if err := json.Unmarshal(again, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %s\nwant %s\nfrom\n%s", again, value, text)
		}
	})
}
