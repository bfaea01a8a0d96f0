package printer

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// word is a view of all formats.
type word string

func (w word) Simple(t *Text)   { t.Line(string(w)) }
func (w word) Fields(t *Text)   { t.Printf("\"Word\" : %q\n", string(w)) }
func (w word) JSON(t *Text)     { t.JSONString(string(w)) }
func (w word) Protobuf(t *Text) { t.Raw(string(w)) }
func (w word) Table(g *Grid) {
	g.Header("word")
	g.Row(string(w))
}

// mute is a view of no format.
type mute struct{}

func TestFormats(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"csv":      "word\nhi\nyou\n",
		"fields":   "\"Word\" : \"hi\"\n\"Word\" : \"you\"\n",
		"json":     "\"hi\"\n\"you\"\n",
		"jsonl":    "\"hi\"\n\"you\"\n",
		"protobuf": "hiyou",
		"simple":   "hi\nyou\n",
		"table":    "+------+\n| WORD |\n+------+\n|   hi |\n+------+\n+------+\n| WORD |\n+------+\n|  you |\n+------+\n",
		"template": "<hi>\n<you>\n",
		"yaml":     "\"hi\"\n---\n\"you\"\n",
	}
	names := Names()
	if !slices.IsSorted(names) || len(names) != len(want) {
		t.Errorf("formats %v: not sorted, or not those of the test", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			p, err := New(&out, name, Options{Template: "<{{.}}>"})
			if err != nil {
				t.Fatal(err)
			}
			if p.Format() != name {
				t.Errorf("Format() = %q", p.Format())
			}
			if err := p.Add(word("hi")); err != nil {
				t.Fatal(err)
			}
			if out.Len() > 0 {
				t.Errorf("%q is out before the flush", out.String())
			}
			if err := p.Print(word("you")); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != want[name] {
				t.Errorf("got\n%s\nwant\n%s", got, want[name])
			}
		})
	}
}

func TestUnknownFormat(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "JSON", "jso", "yml"} {
		_, err := New(&bytes.Buffer{}, name, Options{Template: "<{{.}}>"})
		want := `unsupported output format: "` + name + `": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml`
		if !errors.Is(err, ErrFormat) || err.Error() != want {
			t.Errorf("format %q: error %v, want %s", name, err, want)
		}
	}
}

func TestViewWithoutFormat(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		var out bytes.Buffer
		p, err := New(&out, name, Options{Template: "<{{.}}>"})
		if err != nil {
			t.Fatal(err)
		}
		err = p.Print(mute{})
		if want := "unsupported output format: mute can't be printed as " + name; !errors.Is(err, ErrFormat) || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if out.Len() > 0 {
			t.Errorf("%s: printed %q", name, out.String())
		}
	}
}

func TestPrintReportsWriteError(t *testing.T) {
	t.Parallel()
	closed := errors.New("closed pipe")
	for _, name := range Names() {
		p, err := New(&writes{fail: 1, err: closed}, name, Options{Template: "<{{.}}>"})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(word("hi")); !errors.Is(err, closed) || err.Error() != "write output: closed pipe" {
			t.Errorf("%s: error %v, want that of the write", name, err)
		}
		if err := p.Add(word("hi")); !errors.Is(err, closed) {
			t.Errorf("%s: error %v after a failed write", name, err)
		}
	}
}

// tableFunc is a view made of its table.
type tableFunc func(*Grid)

func (f tableFunc) Table(g *Grid) { f(g) }

func TestTableInPlaceOfWhich(t *testing.T) {
	t.Parallel()
	bare := tableFunc(func(g *Grid) { g.Bare("just this") })
	if got, want := printed(t, "table", bare), "just this\n"; got != want {
		t.Errorf("bare: got %q, want %q", got, want)
	}
	var out bytes.Buffer
	p, err := New(&out, "table", Options{})
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("page lost")
	err = p.Print(tableFunc(func(g *Grid) {
		g.Header("a")
		g.Row("1")
		g.Fail(lost)
	}))
	if !errors.Is(err, lost) || out.Len() > 0 {
		t.Errorf("error %v and output %q, want the view's error and no table", err, out.String())
	}
}
