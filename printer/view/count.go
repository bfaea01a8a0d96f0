package view

import (
	"strconv"

	"etcdkit/printer"
)

// Count is how many keys a range has. As fields, json and protobuf it is the
// get that it comes from.
type Count struct{ Range }

// Simple prints the number.
func (c Count) Simple(t *printer.Text) {
	for page, err := range c.Pages {
		if err != nil {
			t.Fail(err)
			return
		}
		t.Printf("%d\n", page.GetCount())
	}
}

// Objects prints the whole result, as there are no pairs.
func (c Count) Objects(l *printer.Lines) {
	c.JSON(l.Text)
	l.End()
}

// Table shows the number.
func (c Count) Table(g *printer.Grid) {
	g.Header("Count")
	for page, err := range c.Pages {
		if err != nil {
			g.Fail(err)
			return
		}
		g.Row(strconv.FormatInt(page.GetCount(), 10))
	}
}
