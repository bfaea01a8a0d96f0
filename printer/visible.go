package printer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Visible returns s with each control character but line end and tab, which a
// terminal could obey, and each byte that is not UTF-8, as Go escapes it.
func Visible(s string) string {
	var b strings.Builder
	done := 0 // bytes of s that are in b
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		control := r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
		invalid := r == utf8.RuneError && n == 1
		if control || invalid {
			b.WriteString(s[done:i])
			if invalid || r < 0x80 {
				fmt.Fprintf(&b, `\x%02x`, s[i])
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
			done = i + n
		}
		i += n
	}
	if done == 0 {
		return s
	}
	return b.String() + s[done:]
}
