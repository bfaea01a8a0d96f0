package printer

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/clipperhouse/displaywidth"
)

// Grid collects a table. It holds all rows, because a column is as wide as its
// widest cell; those of csv it passes on.
type Grid struct {
	Options
	header []string
	rows   [][]string
	bare   string
	err    error
	csv    *csvRows // takes the rows as they come, where they are not drawn
}

// Exact tells whether the rows are for machines: then sizes are numbers of
// bytes, there is one row for each of several values, and all rows of a stream
// have the same columns.
func (g *Grid) Exact() bool { return g.csv != nil }

// Header sets the column names, before any row.
func (g *Grid) Header(names ...string) {
	g.header = names
	if g.csv != nil {
		g.csv.header(names)
	}
}

// Row adds a row; cells may span several lines.
func (g *Grid) Row(cells ...string) {
	if g.csv != nil {
		g.csv.row(cells)
		return
	}
	g.rows = append(g.rows, cells)
}

// Data is b as a cell. In a table it is quoted as in Go where it holds something
// that would not print or would break the table.
func (g *Grid) Data(b []byte) string {
	if g.csv != nil {
		return csvData(b)
	}
	s := string(b)
	if quoted := strconv.Quote(s); len(quoted) != len(s)+2 {
		return quoted
	}
	return s
}

// Bare shows a line of text in place of a table.
func (g *Grid) Bare(line string) {
	if g.csv != nil {
		g.Header("message")
		g.Row(line)
		return
	}
	g.bare = line
}

// Fail ends the table with an error of the view's own source; no table is
// printed then, as one with rows missing would not show it.
func (g *Grid) Fail(err error) {
	g.err = err
	if g.csv != nil {
		g.csv.text.Fail(err)
	}
}

// Failed tells a view with many rows that there is no point in going on.
func (g *Grid) Failed() bool { return g.err != nil || g.csv != nil && g.csv.text.Failed() }

// printTable draws the view's table: upper-case header in the middle, cells to
// the right.
func printTable(t *Text, v View) {
	g := &Grid{Options: t.Options}
	v.(Table).Table(g)
	switch {
	case g.err != nil:
		t.Fail(g.err)
	case g.bare != "":
		t.Line(g.bare)
	default:
		g.draw(t)
	}
}

// draw lays the table out. Upstream does it with tablewriter, which takes a
// tenth of the time of a whole `etcdctl put` to initialise; the test compares
// with it.
func (g *Grid) draw(t *Text) {
	header := layRow(g.header, title)
	rows := make([]gridRow, len(g.rows))
	widths := make([]int, len(g.header))
	header.widen(widths)
	for i, cells := range g.rows {
		rows[i] = layRow(cells, strings.TrimSpace)
		rows[i].widen(widths)
	}
	b := g.borders()
	b.top.draw(t, widths)
	header.draw(t, b.side, widths, func(space int) int { return space / 2 })
	if len(rows) > 0 || b.twice {
		b.middle.draw(t, widths)
	}
	for _, r := range rows {
		r.draw(t, b.side, widths, func(space int) int { return space })
	}
	b.bottom.draw(t, widths)
}

// borders are what a table is drawn with.
type borders struct {
	top, middle, bottom rule
	side                string
	twice               bool // a table without rows has its rule twice
}

// rule is a horizontal line.
type rule struct{ left, line, cross, right string }

// borders returns those of the release.
func (g *Grid) borders() borders {
	if g.Release.Table.Boxes {
		return borders{
			top:    rule{"┌", "─", "┬", "┐"},
			middle: rule{"├", "─", "┼", "┤"},
			bottom: rule{"└", "─", "┴", "┘"},
			side:   "│",
		}
	}
	ascii := rule{"+", "-", "+", "+"}
	return borders{top: ascii, middle: ascii, bottom: ascii, side: "|", twice: g.Release.Table.EmptyRule}
}

func (r rule) draw(t *Text, widths []int) {
	for i, w := range widths {
		if i == 0 {
			t.Raw(r.left)
		} else {
			t.Raw(r.cross)
		}
		t.Raw(strings.Repeat(r.line, w+2))
	}
	t.Line(r.right)
}

// gridRow holds the lines of each cell of a row.
type gridRow [][]string

func layRow(cells []string, format func(string) string) gridRow {
	row := make(gridRow, len(cells))
	for i, c := range cells {
		for line := range strings.SplitSeq(strings.TrimSuffix(c, "\n"), "\n") {
			row[i] = append(row[i], format(line))
		}
	}
	return row
}

// widen grows the column widths to hold the row.
func (r gridRow) widen(widths []int) {
	for i, lines := range r {
		for _, line := range lines {
			widths[i] = max(widths[i], displaywidth.String(line))
		}
	}
}

// draw prints the row; left says how much of a cell's free space stands before
// its text.
func (r gridRow) draw(t *Text, side string, widths []int, left func(space int) int) {
	height := 1
	for _, lines := range r {
		height = max(height, len(lines))
	}
	for n := range height {
		for i, width := range widths {
			cell := ""
			if i < len(r) && n < len(r[i]) {
				cell = r[i][n]
			}
			space := width - displaywidth.String(cell)
			before := left(space)
			t.Raw(side)
			t.Byte(' ')
			t.Raw(strings.Repeat(" ", before))
			t.Raw(cell)
			t.Raw(strings.Repeat(" ", space-before))
			t.Byte(' ')
		}
		t.Line(side)
	}
}

// title is a column's name as it stands in the header.
func title(name string) string {
	return strings.TrimFunc(strings.ToUpper(strings.ReplaceAll(name, "_", " ")), unicode.IsSpace)
}
