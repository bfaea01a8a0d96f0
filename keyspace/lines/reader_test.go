package lines

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// all reads everything, as "key=value" or the error of a broken line.
func all(t *testing.T, r *Reader) string {
	t.Helper()
	var got []string
	for {
		p, err := r.Next()
		broken := (*Broken)(nil)
		switch {
		case errors.Is(err, io.EOF):
			return strings.Join(got, ", ")
		case errors.As(err, &broken):
			got = append(got, err.Error())
		case err != nil:
			return strings.Join(append(got, "end: "+err.Error()), ", ")
		default:
			got = append(got, string(p.Key)+"="+string(p.Value))
		}
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 600<<10) // more than the buffer has
	for _, tt := range []struct {
		name   string
		format Format
		in     string
		want   string
		lines  int64
	}{
		{"nothing", JSONLines, "", "", 0},
		{"lines", JSONLines, `{"key":"a","value":"1"}` + "\n" + `{"key":"b","value":"2"}` + "\r\n", "a=1, b=2", 2},
		{"no last line end", JSONLines, `{"key":"a","value":"1"}`, "a=1", 1},
		{"empty lines count", JSONLines, "\n \n" + `{"kye":1}` + "\n\n", `line 3: unknown field "kye"`, 4},
		{"broken among others", JSONLines, `{"key":"a","value":"1"}` + "\nx\n" + `{"key":"b","value":"2"}` + "\n",
			`a=1, line 2: 'x' at byte 1, where { should be, b=2`, 3},
		{"long", JSONLines, `{"key":"a","value":"` + long + `"}` + "\n" + `{"key":"b","value":"2"}`, "a=" + long + ", b=2", 2},
		{"byte order mark", JSONLines, "\ufeff" + `{"key":"a","value":"1"}` + "\n\ufeff", `a=1, line 2: 'ï' at byte 1, where { should be`, 2},
		{"NUL", NUL, "a\x001\x00b\x00\n\x00", "a=1, b=\n", 2},
		{"NUL, no last one", NUL, "a\x001\x00b\x002", "a=1, b=2", 2},
		{"NUL, no value", NUL, "a\x001\x00b\x00", "a=1, pair 2: a key without a value: a NUL byte ends each of the two", 2},
		{"NUL, empty value", NUL, "a\x00\x00b\x002\x00", "a=, b=2", 2},
		{"NUL, empty key", NUL, "\x001\x00b\x002\x00", "pair 1: the key is empty, b=2", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := NewReader(strings.NewReader(tt.in), tt.format)
			if err != nil {
				t.Fatal(err)
			}
			if got := all(t, r); got != tt.want {
				t.Errorf("got %.200q, want %.200q", got, tt.want)
			}
			end := r.Position()
			if end.Lines != tt.lines {
				t.Errorf("%d lines, want %d", end.Lines, tt.lines)
			}
			again, err := NewReader(iotest.OneByteReader(strings.NewReader(tt.in)), tt.format)
			if err != nil {
				t.Fatal(err)
			}
			if same, err := again.Skip(end); err != nil || !same {
				t.Errorf("the same input is taken for another: %v", err)
			}
		})
	}
}

func TestReaderFails(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	r, err := NewReader(io.MultiReader(strings.NewReader("{\"key\":\"a\",\"value\":\"1\"}\n{"), iotest.ErrReader(boom)), JSONLines)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := all(t, r), "a=1, end: read line 2: boom"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSkipOther(t *testing.T) {
	t.Parallel()
	first, err := NewReader(strings.NewReader("one\ntwo\nthree\n"), JSONLines)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Next(); err == nil {
		t.Fatal("not broken")
	}
	for _, in := range []string{"One\n", "", "o"} {
		r, err := NewReader(strings.NewReader(in), JSONLines)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := r.Skip(first.Position()); err != nil || same {
			t.Errorf("%q: same %v, error %v", in, same, err)
		}
	}
}

func TestCompressed(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	w, err := Compress(&file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(Append(nil, Pair{Key: []byte("a"), Value: bytes.Repeat([]byte("v"), 100_000)})); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Clone(file.Bytes())
	r, err := NewReader(&file, JSONLines)
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, r); len(whole) > 1000 || got != "a="+strings.Repeat("v", 100_000) {
		t.Errorf("%d bytes compressed, read %.100q", len(whole), got)
	}
	cut, err := NewReader(bytes.NewReader(whole[:len(whole)-3]), JSONLines)
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, cut); !strings.Contains(got, "end: read line") {
		t.Errorf("a file that is cut reads as %.100q", got)
	}
}
