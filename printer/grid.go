package printer

import (
	"fmt"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Grid collects a table. It holds all rows, because a column is as wide as its
// widest cell.
type Grid struct {
	header []string
	rows   [][]string
	bare   string
	err    error
}

// Header sets the column names.
func (g *Grid) Header(names ...string) { g.header = names }

// Row adds a row; cells may span several lines.
func (g *Grid) Row(cells ...string) { g.rows = append(g.rows, cells) }

// Bare shows a line of text in place of a table.
func (g *Grid) Bare(line string) { g.bare = line }

// Fail ends the table with an error of the view's own source; no table is
// printed then, as one with rows missing would not show it.
func (g *Grid) Fail(err error) { g.err = err }

// printTable draws the view's table as every release up to 3.6 did: ASCII
// borders, upper-case header, cells to the right.
func printTable(t *Text, v View) {
	g := &Grid{}
	v.(Table).Table(g)
	if g.err != nil {
		t.Fail(g.err)
		return
	}
	if g.bare != "" {
		t.Line(g.bare)
		return
	}
	if err := g.draw(t); err != nil {
		t.Fail(fmt.Errorf("lay out table: %w", err))
	}
}

func (g *Grid) draw(t *Text) error {
	table := tablewriter.NewTable(textWriter{t},
		tablewriter.WithRowAlignment(tw.AlignRight),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{Symbols: tw.NewSymbols(tw.StyleASCII)})),
	)
	table.Header(g.header)
	if err := table.Bulk(g.rows); err != nil {
		return err
	}
	return table.Render()
}

// textWriter lets a library write into a Text.
type textWriter struct{ t *Text }

func (w textWriter) Write(b []byte) (int, error) {
	w.t.buf = append(w.t.buf, b...)
	w.t.room()
	return len(b), w.t.err
}
