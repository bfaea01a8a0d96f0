package printer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// rawJSON is a view that appends a JSON document value by value.
type rawJSON string

func (r rawJSON) JSON(t *Text) {
	d := json.NewDecoder(strings.NewReader(string(r)))
	d.UseNumber()
	appendValue(t, d)
}

func appendValue(t *Text, d *json.Decoder) {
	token, err := d.Token()
	if err != nil {
		t.Fail(err)
		return
	}
	switch v := token.(type) {
	case json.Delim:
		appendLevel(t, d, v)
	case string:
		t.JSONString(v)
	case bool:
		t.JSONBool(v)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			t.JSONInt(i)
		} else if u, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			t.JSONUint(u)
		} else {
			t.lead()
			t.Raw(v.String())
		}
	case nil:
		t.JSONNull()
	}
}

func appendLevel(t *Text, d *json.Decoder, begun json.Delim) {
	if begun == '[' {
		a := t.Array()
		for d.More() && !t.Failed() {
			a.Next()
			appendValue(t, d)
		}
		a.End()
	} else {
		o := t.Object()
		for d.More() && !t.Failed() {
			name, err := d.Token()
			if err != nil {
				t.Fail(err)
				return
			}
			quoted, err := json.Marshal(name)
			if err != nil {
				t.Fail(err)
				return
			}
			o.Key(string(quoted[1 : len(quoted)-1]))
			appendValue(t, d)
		}
		o.End()
	}
	if _, err := d.Token(); err != nil {
		t.Fail(err)
	}
}

func TestYAML(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{}`:                        "{}\n",
		`[]`:                        "[]\n",
		`null`:                      "null\n",
		`18446744073709551615`:      "18446744073709551615\n",
		`"a\n\"\\"`:                 `"a\n\"\\"` + "\n",
		`{"a":1,"b":{},"c":[]}`:     "a: 1\nb: {}\nc: []\n",
		`{"b":{"y":null,"c_1":{}}}`: "b:\n  \"y\": null\n  c_1: {}\n",
		`{"":0,"1":0,"a b":"c: #"}`: "\"\": 0\n\"1\": 0\n\"a b\": \"c: #\"\n",
		`[1,[2,[],[3,{}]],{"a":[4],"b":true}]`: `- 1
- - 2
  - []
  - - 3
    - {}
- a:
    - 4
  b: true
`,
		"\"\x7f\u0085\ufeff\U0001f642\"": `"\u007f\u0085\ufeff` + "\U0001f642\"\n",
	} {
		if got := printed(t, "yaml", rawJSON(in)); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", in, got, want)
		}
	}
}

// parsed reads YAML; integers are int64, or uint64 where they don't fit.
func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return widened(v)
}

func widened(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = widened(member)
		}
	case []any:
		for i, element := range v {
			v[i] = widened(element)
		}
	case int:
		return int64(v)
	}
	return v
}

func TestRandomYAML(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		v := randomRecord(rand.New(rand.NewPCG(seed, 3)), 3)
		document, text := printed(t, "jsonl", v), printed(t, "yaml", v)
		want, err := decode([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed(t, text); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d:\n%sis read as\n%v\nwant\n%v", seed, text, got, want)
		}
		if err := sameOrder(document, text); err != nil {
			t.Fatalf("seed %d: %v in\n%s", seed, err, text)
		}
	}
}

// sameOrder compares the scalars and names of JSON and YAML in their order.
func sameOrder(document, text string) error {
	var inJSON []string
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	for tok, err := d.Token(); err == nil; tok, err = d.Token() {
		switch tok.(type) {
		case json.Delim:
		case nil:
			inJSON = append(inJSON, "null")
		default:
			inJSON = append(inJSON, fmt.Sprint(tok))
		}
	}
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	if inYAML := scalars(&n, nil); !slices.Equal(inJSON, inYAML) {
		return fmt.Errorf("got %q, want the order of the document, %q", inYAML, inJSON)
	}
	return nil
}

func scalars(n *yaml.Node, found []string) []string {
	if n.Kind == yaml.ScalarNode {
		return append(found, n.Value)
	}
	for _, c := range n.Content {
		found = scalars(c, found)
	}
	return found
}

// A document of any size is written through a buffer that does not grow.
func TestYAMLStreams(t *testing.T) {
	t.Parallel()
	w := &writes{}
	p, err := New(w, "yaml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("page lost")
	err = p.Print(jsonFunc(func(t *Text) {
		a := t.Array()
		for range 10_000 {
			a.Next()
			t.JSONString(strings.Repeat("x", 100))
		}
		t.Fail(lost)
	}))
	if !errors.Is(err, lost) {
		t.Errorf("error %v, want that of the view", err)
	}
	if cap(p.text.buf) > 2*spill || len(w.each) < 10 {
		t.Errorf("buffer of %d bytes after %d writes", cap(p.text.buf), len(w.each))
	}
}

// FuzzYAML reads back any document, and any bytes in a string.
func FuzzYAML(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\u0000"}],"yes":null}`, "\"\u0085\"", "\x7f\xff", `[[[]]]`, `{"a":-0,"b":1e5}`, "<<", "~"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var asText bytes.Buffer
		p, err := New(&asText, "yaml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(jsonFunc(func(t *Text) { o := t.Object(); o.String("k", string(b)); o.Bytes("b", b); o.End() })); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"k": string([]rune(string(b))), "b": base64.StdEncoding.EncodeToString(b)}
		if got := parsed(t, asText.String()); !reflect.DeepEqual(got, any(want)) {
			t.Errorf("%q is read as %v, want %v", asText.String(), got, want)
		}
		if document, ok := compacted(b); ok {
			want, err := decode([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			got := parsed(t, printed(t, "yaml", rawJSON(document)))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s is read as %#v, want %#v", document, got, want)
			}
		}
	})
}

// compacted returns a document as our printers write them, if b is one that
// holds no numbers but integers and no name twice.
func compacted(b []byte) (string, bool) {
	v, err := decode(b)
	if err != nil || !integral(v) {
		return "", false
	}
	out, err := json.Marshal(v)
	return string(out), err == nil
}

func integral(v any) bool {
	switch v := v.(type) {
	case json.Number:
		return false
	case map[string]any:
		for _, member := range v {
			if !integral(member) {
				return false
			}
		}
	case []any:
		for _, element := range v {
			if !integral(element) {
				return false
			}
		}
	}
	return true
}
