package tour

import "strings"

// align makes the columns of tables as wide as what is in them now.
func align(text string) string {
	var out strings.Builder
	var table []string
	flush := func() {
		for _, line := range alignTable(table) {
			out.WriteString(line + "\n")
		}
		table = nil
	}
	for line := range strings.Lines(text) {
		if body, ok := strings.CutSuffix(line, "\n"); ok && (strings.HasPrefix(body, "+-") || strings.HasPrefix(body, "| ")) {
			table = append(table, body)
			continue
		}
		flush()
		out.WriteString(line)
	}
	flush()
	return out.String()
}

func alignTable(lines []string) []string {
	var widths []int
	for _, line := range lines {
		for i, cell := range cells(line) {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(strings.TrimSpace(cell)))
		}
	}
	all := make([]string, len(lines))
	for n, line := range lines {
		if all[n] = "|"; strings.HasPrefix(line, "+") {
			all[n] = "+"
			for _, width := range widths {
				all[n] += strings.Repeat("-", width+2) + "+"
			}
			continue
		}
		for i, cell := range cells(line) {
			all[n] += pad(cell, widths[i], n == 1) + "|"
		}
	}
	return all
}

// cells returns the cells of a row with the blanks around them, nothing for a border.
func cells(line string) []string {
	if strings.HasPrefix(line, "+") {
		return nil
	}
	return strings.Split(strings.Trim(line, "|"), "|")
}

// pad puts a cell to the right of its column, or one of the header in the middle.
func pad(cell string, width int, header bool) string {
	text := strings.TrimSpace(cell)
	blanks := width - len(text)
	before := blanks
	if header {
		before = blanks / 2
	}
	return strings.Repeat(" ", before+1) + text + strings.Repeat(" ", blanks-before+1)
}
