package page

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// longestName and longestTitle are how much of a name is shown in the text, and in
// what appears for the pointer, in letters.
const longestName, longestTitle = 160, 300

// shown returns text of which a server or a user may have sent any byte as a
// person can read it: what is not printable, such as controls, marks that change
// the direction of writing, and bytes that are not UTF-8, as Go escapes it.
func shown(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			quoted := strconv.Quote(text[i : i+n])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// limit cuts text to a number of letters.
func limit(text string, letters int) string {
	if utf8.RuneCountInString(text) <= letters {
		return text
	}
	return string([]rune(text)[:max(letters-1, 0)]) + "…"
}

// name is a name of a key, a member or another thing, as the text shows it.
func name(text string) string { return limit(shown(text), longestName) }

// Size is a number of bytes, such as "12 MB".
func Size(bytes int64) string { return humanize.Bytes(uint64(max(bytes, 0))) }

// Share is a part in percent, such as "12 %".
func Share(part, whole int64) string {
	percent := 100 * float64(part) / float64(max(whole, 1))
	switch {
	case part > 0 && percent < 0.1:
		return "less than 0.1 %"
	case percent < 10:
		return strconv.FormatFloat(percent, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(percent, 'f', 0, 64) + " %"
}

// plural is a number with its noun: "1 key", "1,200 keys".
func plural(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return humanize.Comma(n) + " " + noun
}

// lasting is a duration, or a dash if it is not known.
func lasting(d time.Duration) string {
	if d < 0 {
		return "–"
	}
	text := d.Round(time.Second).String() // such as 2h0m0s
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
