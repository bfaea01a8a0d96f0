package printer

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// applied returns the output of a template for some views, and the error.
func applied(t *testing.T, o Options, views ...View) (string, error) {
	t.Helper()
	var out strings.Builder
	p, err := New(&out, Template, o)
	if err != nil {
		return "", err
	}
	for _, v := range views {
		if err := p.Print(v); err != nil {
			return out.String(), err
		}
	}
	return out.String(), nil
}

// rawLines is a view of several JSON objects.
type rawLines []string

func (r rawLines) Objects(l *Lines) {
	for _, line := range r {
		l.Raw(line)
		l.End()
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, template, document, want string }{
		{"integers", `{{printf "%x" .id}} {{gt .n 7}} {{.u}}`, `{"id":10276657743932975437,"n":8,"u":18446744073709551615}`, "8e9e05c52164694d true 18446744073709551615\n"},
		{"float", `{{.f}}`, `{"f":1.5e300}`, "1.5e300\n"},
		{"line end of its own", "{{.a}}\n", `{"a":"x"}`, "x\n"},
		{"nothing", `{{if .a}}x{{end}}`, `{"a":false}`, ""},
		{"decode", `{{decode .a | printf "%q"}}`, `{"a":"AP8="}`, `"\x00\xff"` + "\n"},
		{"json", `{{json .}} {{json .b}}`, `{"b":[1,"é"],"a":null}`, `{"a":null,"b":[1,"é"]} [1,"é"]` + "\n"},
		{"array", `{{range .}}{{.}};{{end}}`, `[1,2]`, "1;2;\n"},
		{"member that may not be there", `{{index . "b"}}`, `{"a":1}`, "<no value>\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := applied(t, Options{Template: tt.template}, rawJSON(tt.document))
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestTemplateOfEachObject(t *testing.T) {
	t.Parallel()
	got, err := applied(t, Options{Template: "{{.a}}"}, rawLines{`{"a":1}`, `{"a":2}`}, rawLines{}, rawLines{`{"a":3}`})
	if err != nil || got != "1\n2\n3\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTemplateErrors(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"":           "bad template: give one with --template",
		"{{":         "bad template: --template:1: unclosed action",
		"{{nosuch}}": `bad template: --template:1: function "nosuch" not defined`,
	} {
		if _, err := applied(t, Options{Template: template}); !errors.Is(err, ErrTemplate) || err.Error() != want {
			t.Errorf("%q: error %v, want %s", template, err, want)
		}
	}
	got, err := applied(t, Options{Template: "{{.a}}"}, rawLines{`{"a":1}`, `{"b":2}`, `{"a":3}`})
	want := `--template:1:2: executing "--template" at <.a>: map has no entry for key "a": it has b`
	if got != "1\n" || err == nil || err.Error() != want {
		t.Errorf("got %q, %v, want the first line and %s", got, err, want)
	}
	if _, err := applied(t, Options{Template: "{{decode .}}"}, rawJSON(`"?"`)); err == nil || !strings.Contains(err.Error(), "illegal base64") {
		t.Errorf("error %v, want that of the function", err)
	}
}

// bytesView has an object for each of some bytes.
type bytesView [][]byte

func (v bytesView) Objects(l *Lines) {
	for _, b := range v {
		o := l.Object()
		o.Bytes("key", b)
		o.BytesList("keys", [][]byte{b, []byte("x")})
		o.End()
		l.End()
	}
}

func TestBytesAsText(t *testing.T) {
	t.Parallel()
	v := bytesView{[]byte("é<\x00"), {0xff}, {}}
	for utf8, want := range map[bool]string{
		false: `{"key":"w6k8AA==","keys":["w6k8AA==","eA=="]}
{"key":"/w==","keys":["/w==","eA=="]}
{"key":"","keys":["","eA=="]}
`,
		true: `{"key_text":"é\u003c\u0000","keys_text":["é\u003c\u0000","x"],"keys":[]}
{"key":"/w==","keys_text":["x"],"keys":["/w=="]}
{"key_text":"","keys_text":["","x"],"keys":[]}
`,
	} {
		var out strings.Builder
		p, err := New(&out, "jsonl", Options{UTF8: utf8})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(v); err != nil || out.String() != want {
			t.Errorf("text %v: got\n%swant\n%s", utf8, out.String(), want)
		}
	}
}

// FuzzJSONL reads back bytes from jsonl and through a template.
func FuzzJSONL(f *testing.F) {
	for _, s := range []string{"", "/a", "\xff\x00", "<\u2028\"\\\n>", "\xf0\x9f"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, asText := range []bool{false, true} {
			var out strings.Builder
			p, err := New(&out, "jsonl", Options{UTF8: asText})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Print(bytesView{b, b}); err != nil {
				t.Fatal(err)
			}
			lines := strings.SplitAfter(out.String(), "\n")
			if len(lines) != 3 || lines[2] != "" {
				t.Fatalf("%d lines of two objects: %q", len(lines)-1, out.String())
			}
			var got struct {
				Key  *[]byte `json:"key"`
				Text *string `json:"key_text"`
			}
			if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
				t.Fatal(err)
			}
			switch isText := asText && utf8.Valid(b); {
			case isText && (got.Text == nil || *got.Text != string(b) || got.Key != nil):
				t.Errorf("text %q is read back from %s", b, lines[0])
			case !isText && (got.Key == nil || string(*got.Key) != string(b) || got.Text != nil):
				t.Errorf("bytes %q are read back from %s", b, lines[0])
			}
		}
		got, err := applied(t, Options{Template: `{{decode .key}}{{"\n"}}`}, bytesView{b})
		if err != nil || got != string(b)+"\n" {
			t.Errorf("%q through a template is %q, %v", b, got, err)
		}
	})
}
