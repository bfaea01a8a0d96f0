package view

import (
	"strings"

	"etcdkit/printer"
)

// column is a column of a table whose rows are made from values of type T. The
// simple format prints the same cells in one line.
type column[T any] struct {
	name   string
	cell   func(T) string
	exact  func(T) string // the cell for programs, if that differs
	absent bool           // in the release that is printed
}

// columns are all columns a table ever had, in their order.
type columns[T any] []column[T]

// present returns the columns that the release has.
func (c columns[T]) present() columns[T] {
	var has columns[T]
	for _, one := range c {
		if !one.absent {
			has = append(has, one)
		}
	}
	return has
}

func (c columns[T]) cells(v T) []string {
	cells := make([]string, len(c))
	for i, one := range c {
		cells[i] = one.cell(v)
	}
	return cells
}

// lines prints a line for each value, its cells separated by commas.
func (c columns[T]) lines(t *printer.Text, values ...T) {
	has := c.present()
	for _, v := range values {
		t.Line(strings.Join(has.cells(v), ", "))
	}
}

// table lays out a row for each value.
func (c columns[T]) table(g *printer.Grid, values ...T) {
	has := c.present()
	names := make([]string, len(has))
	for i, one := range has {
		names[i] = one.name
	}
	g.Header(names...)
	if g.Exact() {
		for i, one := range has {
			if one.exact != nil {
				has[i].cell = one.exact
			}
		}
	}
	for _, v := range values {
		g.Row(has.cells(v)...)
	}
}
