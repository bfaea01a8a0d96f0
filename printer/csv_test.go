package printer

import (
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"
)

// tables prints views as csv with one printer.
func tables(t *testing.T, views ...tableFunc) string {
	t.Helper()
	var out strings.Builder
	p, err := New(&out, "csv", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		if err := p.Print(v); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestCSV(t *testing.T) {
	t.Parallel()
	pairs := func(rows ...string) tableFunc {
		return func(g *Grid) {
			g.Header("ID", "Peer Addrs")
			for _, r := range rows {
				g.Row(r, "x y")
			}
		}
	}
	bare := tableFunc(func(g *Grid) { g.Bare("just, this") })
	one := tableFunc(func(g *Grid) { g.Header("name"); g.Row(""); g.Row("b") })
	tests := map[string]struct {
		views []tableFunc
		want  string
	}{
		"no rows":        {[]tableFunc{pairs()}, "id,peer_addrs\n"},
		"quotes":         {[]tableFunc{pairs(`a"b`, "c,d", "e\nf", " g")}, "id,peer_addrs\n\"a\"\"b\",x y\n\"c,d\",x y\n\"e\nf\",x y\n\" g\",x y\n"},
		"one after one":  {[]tableFunc{pairs("a"), pairs(), pairs("b")}, "id,peer_addrs\na,x y\nb,x y\n"},
		"other columns":  {[]tableFunc{pairs("a"), bare}, "id,peer_addrs\na,x y\nmessage\n\"just, this\"\n"},
		"one empty cell": {[]tableFunc{one}, "name\n\"\"\nb\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tables(t, tt.views...); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestCSVData(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "/a/é\n": "/a/é\n", "\xff": "base64:/w==", "a\rb": "base64:YQ1i", "a\x00": "base64:YQA=",
		"base64:": "base64:YmFzZTY0Og==", "base6": "base6",
	} {
		if got := csvData([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A row is out before the next is asked for, and an error ends them.
func TestCSVStreams(t *testing.T) {
	t.Parallel()
	w := &writes{}
	p, err := New(w, "csv", Options{})
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("page lost")
	err = p.Print(tableFunc(func(g *Grid) {
		g.Header("n")
		for range 3 {
			g.Row(strings.Repeat("x", spill))
		}
		if len(w.each) < 3 {
			t.Errorf("%d writes after three rows that fill the buffer", len(w.each))
		}
		if g.Failed() {
			t.Error("failed before any error")
		}
		g.Fail(lost)
		if !g.Failed() {
			t.Error("not failed")
		}
	}))
	if !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
}

func TestCSVStopsAtClosedPipe(t *testing.T) {
	t.Parallel()
	closed := errors.New("closed pipe")
	p, err := New(&writes{fail: 1, err: closed}, "csv", Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	err = p.Print(tableFunc(func(g *Grid) {
		g.Header("n")
		for !g.Failed() {
			g.Row(strings.Repeat("x", spill))
			rows++
		}
	}))
	if !errors.Is(err, closed) || rows != 1 {
		t.Errorf("error %v after %d rows", err, rows)
	}
}

// FuzzCSV reads back tables of any bytes.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"", "a", "a,b\n", "\xff\x00", "\r\n", `"`, "base64:", " x", `\.`, "\ufeff"} {
		f.Add([]byte(s), []byte("v"))
		f.Add([]byte("k"), []byte(s))
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		out := tables(t, func(g *Grid) {
			g.Header("Key", "Value")
			g.Row(g.Data(key), g.Data(value))
		}, func(g *Grid) {
			g.Header("Key")
			g.Row(g.Data(key))
		})
		r := csv.NewReader(strings.NewReader(out))
		r.FieldsPerRecord = -1
		got, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		want := [][]string{{"key", "value"}, {string(key), string(value)}, {"key"}, {string(key)}}
		for _, row := range got {
			for i, cell := range row {
				row[i] = uncell(t, cell)
			}
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%q read back as %q, want %q", out, got, want)
		}
	})
}

// uncell reads a cell of bytes.
func uncell(t *testing.T, cell string) string {
	t.Helper()
	text, marked := strings.CutPrefix(cell, csvBase64)
	if !marked {
		return cell
	}
	s, err := unbase64(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
