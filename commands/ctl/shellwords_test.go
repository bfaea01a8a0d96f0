package ctl

import (
	"slices"
	"testing"
)

func TestSplitWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"", nil}, {" \t ", nil}, {"put a b", []string{"put", "a", "b"}}, {"  put\ta\r\n", []string{"put", "a"}},
		{`"a b" 'c d'`, []string{"a b", "c d"}}, {`"" ''`, []string{"", ""}},
		{`"a\"b\n\x00é\u00e9"`, []string{"a\"b\n\x00éé"}}, {`'a\n"b'`, []string{`a\n"b`}},
		{`"a""b"'c'd`, []string{"a", "b", "c", "d"}},
		{`a"b c'd "e`, []string{`a"b`, `c'd`, "e"}}, // quotes inside a word stay; an unclosed one is dropped
		{`'it`, []string{"it"}}, {`it's`, []string{"it's"}}, {`"`, nil}, {`'`, nil}, {`"a\"`, []string{`a\"`}},
		{"a\vb", []string{"a\vb"}}, {"a\u00a0b", []string{"a\u00a0b"}}, {"é ü", []string{"é", "ü"}}, {"\xff \xfe", []string{"\xff", "\xfe"}},
		{`-- -5 --x="y z"`, []string{"--", "-5", `--x="y`, `z"`}},
	} {
		got, err := splitWords(tt.line)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, %v, want %q", tt.line, got, err, tt.want)
		}
	}
	for _, line := range []string{`"\q"`, `a "\x0"`, `"\400"`} {
		if got, err := splitWords(line); err == nil || err.Error() != "invalid syntax" {
			t.Errorf("%q: got %q, %v, want an error", line, got, err)
		}
	}
}
