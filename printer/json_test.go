package printer

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// record has a field of every kind that Object knows, as a generated message
// has them.
type record struct {
	Int     int64     `json:"int,omitempty"`
	Uint    uint64    `json:"uint,omitempty"`
	Bool    bool      `json:"bool,omitempty"`
	String  string    `json:"string,omitempty"`
	Strings []string  `json:"strings,omitempty"`
	Bytes   []byte    `json:"bytes,omitempty"`
	One     *record   `json:"one,omitempty"`
	Many    []*record `json:"many,omitempty"`
}

func (r *record) JSON(t *Text) {
	o := t.Object()
	o.Int("int", r.Int)
	o.Uint("uint", r.Uint)
	o.Bool("bool", r.Bool)
	o.String("string", r.String)
	o.Strings("strings", r.Strings)
	o.Bytes("bytes", r.Bytes)
	if r.One != nil {
		o.Key("one")
		r.One.JSON(t)
	}
	if len(r.Many) > 0 {
		o.Key("many")
		a := t.Array()
		for _, one := range r.Many {
			a.Next()
			one.JSON(t)
		}
		a.End()
	}
	o.End()
}

// words are strings that encoding/json treats specially.
var words = []string{
	"", "plain", `"quoted"`, `back\slash`, "<html> & co", "tab\there", "line\nend\r", "\x00\x01\x1f\x7f", "\b\f",
	"é日🙂", "\u2028\u2029", "\ufffd", "cut\xff\xc3", "\xed\xa0\x80", "/slash",
}

func randomRecord(r *rand.Rand, depth int) *record {
	word := func() string { return words[r.IntN(len(words))] + words[r.IntN(len(words))] }
	v := &record{}
	for _, set := range []func(){
		func() { v.Int = int64(r.Uint64()) >> r.IntN(64) },
		func() { v.Uint = r.Uint64() >> r.IntN(64) },
		func() { v.Bool = true },
		func() { v.String = word() },
		func() {
			for range r.IntN(4) {
				v.Strings = append(v.Strings, word())
			}
		},
		func() { v.Bytes = []byte(word()) },
		func() {
			if depth > 0 {
				v.One = randomRecord(r, depth-1)
			}
		},
		func() {
			for range r.IntN(3) {
				if depth > 0 {
					v.Many = append(v.Many, randomRecord(r, depth-1))
				}
			}
		},
	} {
		if r.IntN(2) == 0 {
			set()
		}
	}
	return v
}

func TestJSONAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		v := randomRecord(rand.New(rand.NewPCG(seed, 2)), 3)
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := printed(t, "json", v); got != string(want)+"\n" {
			t.Fatalf("seed %d: got\n%swant\n%s", seed, got, want)
		}
	}
}

func TestEmptyJSON(t *testing.T) {
	t.Parallel()
	empty := jsonFunc(func(t *Text) {
		a := t.Array()
		a.Next()
		t.Object().End()
		a.Next()
		t.Array().End()
		a.End()
	})
	if got, want := printed(t, "json", empty), "[{},[]]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// jsonFunc is a view made of its JSON form.
type jsonFunc func(*Text)

func (f jsonFunc) JSON(t *Text) { f(t) }

// printed is v in a format.
func printed(t *testing.T, format string, v View) string {
	t.Helper()
	var out bytes.Buffer
	p, err := New(&out, format, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Print(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
