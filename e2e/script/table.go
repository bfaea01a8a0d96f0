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

// squeezeTable takes the padding out of a table, for columns whose width depends on what is masked.
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
