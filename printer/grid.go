package printer

import (
	"slices"
	"strconv"
)

// Grid is a table that a view fills. A drawn table holds all rows, because a
// column is as wide as its widest cell; csv passes each row on.
type Grid struct {
	Options
	header []string
	rows   [][]string
	bare   string
	err    error
	csv    *csvRows // writes the rows of csv; nil for a drawn table
}

// Exact reports whether the rows are for programs: then sizes are numbers of
// bytes, each of several values has its own row, and all rows of a stream have
// the same columns.
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
	if g.Terminal {
		cells = slices.Clone(cells)
		for i := range cells {
			cells[i] = Visible(cells[i])
		}
	}
	g.rows = append(g.rows, cells)
}

// Data is b as a cell. In a table it is quoted as in Go where it holds something
// that would not print or would break the table.
func (g *Grid) Data(b []byte) string {
	if g.csv != nil {
		return csvData(b)
	}
	return quoted(b)
}

// quoted returns b as text, in Go's quotes if it has anything else than printable
// characters.
func quoted(b []byte) string {
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

// Failed reports whether no more rows are printed, so that a long view can stop.
func (g *Grid) Failed() bool { return g.err != nil || g.csv != nil && g.csv.text.Failed() }
