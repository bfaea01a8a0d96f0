package cli

import "strings"

// Quote returns s, which has no NUL, as one word for a POSIX shell.
func Quote(s string) string {
	special := func(r rune) bool {
		plain := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./:@%+,=", r)
		return !plain
	}
	if s != "" && s[0] != '=' && strings.IndexFunc(s, special) < 0 { // zsh takes a leading = for a command's path
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
