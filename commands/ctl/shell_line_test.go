package ctl

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// nextOf returns the lines of a text one by one.
func nextOf(text string) func(string) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	return func(string) (string, error) {
		if len(lines) == 0 || lines[0] == "" {
			return "", io.EOF
		}
		line := strings.TrimSuffix(lines[0], "\n")
		lines = lines[1:]
		return line, nil
	}
}

func TestShellCommand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"", nil}, {" \t# get a", nil}, {"get a # b", []string{"get", "a"}}, {"get a#b", []string{"get", "a#b"}}, {"get '#'", []string{"get", "#"}},
		{"etcdctl  get a\r", []string{"get", "a"}}, {`put k '{"a": "\n"}'`, []string{"put", "k", `{"a": "\n"}`}},
		{`put "k\t\"é\xff" a\ b`, []string{"put", "k\t\"é\xff", "a b"}}, {`--user="a b"'c'd get ''`, []string{"--user=a bcd", "get", ""}},
		{`get '<' "|" \> a<b a>b a;`, []string{"get", "<", "|", ">", "a<b", "a>b", "a;"}}, {"get é\u00a0ü", []string{"get", "é\u00a0ü"}},
	} {
		got, err := readCommand(nextOf(tt.line + "\n"))
		if err != nil || !slices.Equal(got.args, tt.want) || got.in != nil {
			t.Errorf("%q: got %q, %v, want %q", tt.line, got.args, err, tt.want)
		}
	}
	for line, want := range map[string]string{
		`get 'a`: "a single quote (') is not closed", `get "a\"`: `a double quote (") is not closed`, `get a\`: "the line ends with a backslash",
		`get "\q"`:     `"\\q" is no escape of Go, which double quotes have: use \n, \t, \", \\, or single quotes`,
		"put k <<E\nv": `no line "E" ends what <<E begins`,
	} {
		if got, err := readCommand(nextOf(line + "\n")); err == nil || err.Error() != want {
			t.Errorf("%q: got %q, %v, want the error %q", line, got.args, err, want)
		}
	}
	for _, line := range []string{"get a | cat", "get a > f", "get a >f", "put k < f", "get a; get b ;", "get a && get b", "put k <<E v", "put k <<", "get a 2>&1"} {
		if got, err := readCommand(nextOf(line + "\n")); err == nil || !strings.Contains(err.Error(), ": there are no pipes") {
			t.Errorf("%q: got %q, %v, want an error", line, got.args, err)
		}
	}
	got, err := readCommand(nextOf("put k <<E\n E\nE # no\n\nE\nget a\n"))
	if err != nil || !slices.Equal(got.args, []string{"put", "k"}) {
		t.Fatal(got.args, err)
	}
	if in, err := io.ReadAll(got.in); err != nil || string(in) != " E\nE # no\n\n" {
		t.Errorf("standard input is %q, %v", in, err)
	}
}

func FuzzShellLine(f *testing.F) {
	f.Add(`put "k\t" 'v w' \# # c`)
	f.Add("put k <<E\nv\nE\n")
	f.Fuzz(func(t *testing.T, text string) {
		for next := nextOf(text); ; {
			c, err := readCommand(next)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				continue
			}
			// What was read, each word in quotes, is read as the same words.
			var quoted []string
			for _, w := range c.args {
				quoted = append(quoted, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
			}
			if len(quoted) > 0 && c.args[0] == program {
				continue
			}
			again, err := readCommand(nextOf(strings.Join(quoted, " ") + "\n"))
			if err != nil || !slices.Equal(again.args, c.args) {
				t.Errorf("%q is read again as %q, %v", c.args, again.args, err)
			}
		}
	})
}
