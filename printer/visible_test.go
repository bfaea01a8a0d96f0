package printer

import (
	"bytes"
	"testing"
)

type hostile string

func (h hostile) Simple(t *Text) {
	t.Line(string(h))
	t.Printf("%s\n", string(h))
	t.Data([]byte(h))
}
func (h hostile) Fields(t *Text) { t.Line(string(h)) }
func (h hostile) Table(g *Grid)  { g.Header("name"); g.Row(string(h)) }
func (h hostile) JSON(t *Text)   { t.JSONString(string(h)) }

// An escape sequence that a server sends as a name does not reach a terminal as
// such; pipes, JSON and the values of keys get the bytes as they are.
func TestTerminal(t *testing.T) {
	t.Parallel()
	const name = "m\x1b[31m1\u009b"
	for _, tt := range []struct {
		format   string
		terminal bool
		want     string
	}{
		{"simple", true, `m\x1b[31m1\u009b` + "\n" + `m\x1b[31m1\u009b` + "\n" + name},
		{"simple", false, name + "\n" + name + "\n" + name},
		{"fields", true, `m\x1b[31m1\u009b` + "\n"},
		{"fields", false, name + "\n"},
		{"json", true, `"m\u001b[31m1` + "\u009b\"\n"},
		{"table", true, "+------------------+\n|       NAME       |\n+------------------+\n| m\\x1b[31m1\\u009b |\n+------------------+\n"},
	} {
		var out bytes.Buffer
		p, err := New(&out, tt.format, Options{Terminal: tt.terminal})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(hostile(name)); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != tt.want {
			t.Errorf("%s, terminal %v: got %q, want %q", tt.format, tt.terminal, got, tt.want)
		}
	}
	if got, want := Visible("a\xff\tb\r\n日"), "a\\xff\tb\\x0d\n日"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
