package cli

import (
	"os/exec"
	"strings"
	"testing"

	"etcdkit/internal/need"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"":                  "''",
		"m1=http://h:1,b=c": "m1=http://h:1,b=c",
		"=ls":               "'=ls'",
		"a b":               "'a b'",
		"it's":              `'it'\''s'`,
		"~":                 "'~'",
		"a\nb":              "'a\nb'",
		"ключ":              "'ключ'",
	} {
		if got := Quote(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

// unquote reads s as the shell reads one word: backslashes, single quotes, and
// nothing else that means something to it (POSIX, Shell Command Language, 2.2).
func unquote(s string) (string, bool) {
	var word strings.Builder
	for s != "" {
		switch c := s[0]; {
		case c == '\'':
			inner, rest, ok := strings.Cut(s[1:], "'")
			if !ok {
				return "", false
			}
			word.WriteString(inner)
			s = rest
		case c == '\\' && len(s) > 1 && s[1] != '\n':
			word.WriteByte(s[1])
			s = s[2:]
		case c == '=' && word.Len() == 0, strings.IndexByte("|&;<>()$`\\\"' \t\n*?[#~{}!", c) >= 0 || c == 0 || c >= 0x80:
			return "", false
		default:
			word.WriteByte(c)
			s = s[1:]
		}
	}
	return word.String(), true
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "plain/1.2:3", "it's", "'", "''", `\`, `"$HOME" $(id) ` + "`id`", "\n", "\xff\x01", "é", "~", "-a", "a=b", "*?[x]", "#", "!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") {
			t.Skip("no argument can have it")
		}
		if got, ok := unquote(Quote(s)); !ok || got != s || Quote(s) == "" {
			t.Errorf("%q quoted is %q, which is %q", s, Quote(s), got)
		}
	})
}

// The shell reads a quoted word as the reader above does: for each byte, alone
// and all together.
func TestQuoteInShell(t *testing.T) {
	t.Parallel()
	sh := need.Program(t, need.Shell, "sh")
	all := make([]byte, 0, 255)
	script, want := "printf '%s\\0'", ""
	add := func(s string) { script += " " + Quote(s); want += s + "\x00" }
	for b := 1; b < 256; b++ {
		all = append(all, byte(b))
		add(string([]byte{byte(b)}))
		add(string([]byte{'a', byte(b), '\'', byte(b)}))
	}
	add(string(all))
	add("")
	got, err := exec.CommandContext(t.Context(), sh, "-c", script).Output()
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %q\nwant %q", err, got, want)
	}
}
