package view

import (
	"strconv"
	"strings"

	"etcdkit/printer"
)

// DeletePreview lists the keys that a del would delete: the first keys, and
// their number. In the formats fields, json and protobuf it is the response of
// the underlying get.
type DeletePreview struct {
	Range
	Values bool // simple: the values too
}

// Simple prints the number of keys, then the first of them, and a last line of
// dots if there are more.
func (d DeletePreview) Simple(t *printer.Text) {
	for page, err := range d.Pages {
		if err != nil {
			t.Fail(err)
			return
		}
		what := "keys"
		if page.GetCount() == 1 {
			what = "key"
		}
		t.Printf("%d %s would be deleted\n", page.GetCount(), what)
		for _, kv := range page.GetKvs() {
			t.Name(kv.GetKey())
			t.Byte('\n')
			if d.Values {
				valueSimple(t, kv)
			}
		}
		if page.GetMore() {
			t.Line("...")
		}
	}
}

// Objects prints the whole of it: the pairs alone would not show that they are
// only the first.
func (d DeletePreview) Objects(l *printer.Lines) {
	d.JSON(l.Text)
	l.End()
}

// Table shows how many keys there are and the first of them; as csv in a row
// each.
func (d DeletePreview) Table(g *printer.Grid) {
	g.Header("Would Delete", "First Keys")
	for page, err := range d.Pages {
		if err != nil {
			g.Fail(err)
			return
		}
		count := strconv.FormatInt(page.GetCount(), 10)
		var keys []string
		for _, kv := range page.GetKvs() {
			keys = append(keys, g.Data(kv.GetKey()))
			if g.Exact() {
				g.Row(count, g.Data(kv.GetKey()))
			}
		}
		if g.Exact() && len(keys) > 0 {
			continue
		}
		if page.GetMore() {
			keys = append(keys, "...")
		}
		g.Row(count, strings.Join(keys, "\n"))
	}
}
