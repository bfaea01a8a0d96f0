package tour

import "strings"

// align makes the columns of tables as wide as their current contents.
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
			blanks := widths[i] - len(strings.TrimSpace(cell))
			before := blanks
			if n == 1 { // the header is in the middle
				before = blanks / 2
			}
			all[n] += pad(cell, before, blanks-before) + "|"
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

// pad puts so many blanks before and after a cell, besides those at the borders.
func pad(cell string, before, after int) string {
	return strings.Repeat(" ", before+1) + strings.TrimSpace(cell) + strings.Repeat(" ", after+1)
}
