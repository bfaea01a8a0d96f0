package script

import (
	"regexp"
	"strings"
)

// asciiBorders redraws a table of 3.7 with the borders that every release before had, which ours keeps by default.
func asciiBorders(text string) string {
	return strings.NewReplacer(
		"─", "-", "│", "|",
		"┌", "+", "┬", "+", "┐", "+",
		"├", "+", "┼", "+", "┤", "+",
		"└", "+", "┴", "+", "┘", "+",
	).Replace(text)
}

// boxes returns the box characters of a table, line by line, with runs of ─
// shortened to one: the characters that asciiBorders removes.
func boxes(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		var last rune
		for _, c := range line {
			if c >= '─' && c <= '╿' && (c != '─' || c != last) {
				out.WriteRune(c)
				last = c
			}
		}
		if last != 0 {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// squeezeTable removes the padding of a table, for columns whose width depends
// on masked values.
func squeezeTable(text string) string {
	border := regexp.MustCompile(`-+`)
	pad := regexp.MustCompile(` *\| *`)
	var out strings.Builder
	for line := range strings.Lines(text) {
		body, nl := strings.CutSuffix(line, "\n")
		switch {
		case strings.HasPrefix(body, "+-"):
			body = border.ReplaceAllString(body, "-")
		case strings.HasPrefix(body, "|"):
			body = strings.TrimSpace(pad.ReplaceAllString(body, " | "))
		}
		out.WriteString(body)
		if nl {
			out.WriteByte('\n')
		}
	}
	return out.String()
}
