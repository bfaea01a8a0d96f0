package printer

import (
	"strings"
	"unicode"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/tw"
)

// fits reports whether the drawn table is as wide as the terminal at most, if
// there is a limit. A cell of several lines is as wide as its longest one.
func (g *Grid) fits() bool {
	if !g.Terminal || g.Width <= 0 {
		return true
	}
	width := 1
	for i, name := range g.header {
		column := twwidth.Width(name)
		for _, cells := range g.rows {
			if i < len(cells) {
				column = max(column, widest(g.wrapped(cells[i])))
			}
		}
		width += column + len(" "+" |")
	}
	return width <= g.Width
}

func widest(cell string) int {
	width := 0
	for line := range strings.SplitSeq(cell, "\n") {
		width = max(width, twwidth.Width(line))
	}
	return width
}

// blocks prints each row as a block of lines, one for each column that is not
// empty, with an empty line between rows.
func (g *Grid) blocks(t *Text) {
	names := 0
	for _, name := range g.header {
		names = max(names, twwidth.Width(name))
	}
	for i, cells := range g.rows {
		if i > 0 {
			t.Byte('\n')
		}
		for j, cell := range cells {
			if cell == "" || j >= len(g.header) {
				continue
			}
			name := strings.ToUpper(g.header[j])
			for line := range strings.SplitSeq(cell, "\n") {
				t.Line(name + strings.Repeat(" ", names-twwidth.Width(name)+2) + strings.TrimSpace(line))
				name = ""
			}
		}
	}
}

// alignment returns how the cells of each column are aligned on a terminal:
// numbers, sizes and times to the right, everything else to the left.
func (g *Grid) alignment() []tw.Align {
	columns := make([]tw.Align, len(g.header))
	for i := range columns {
		columns[i] = tw.AlignRight
		for _, cells := range g.rows {
			if i < len(cells) && !amount(cells[i]) {
				columns[i] = tw.AlignLeft
			}
		}
	}
	return columns
}

// amount reports whether a cell is a number with a unit of at most three letters,
// such as 12, -1, 3.4 MB, 17% or 250ms; an empty one is.
func amount(cell string) bool {
	rest := strings.TrimLeft(strings.TrimPrefix(cell, "-"), "0123456789.,")
	rest = strings.TrimPrefix(rest, " ")
	if cell == "" {
		return true
	}
	digits := strings.ContainsAny(cell, "0123456789") && len(rest) < len(cell)
	return digits && len(rest) <= 3 && strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && r != '%' }) < 0
}
