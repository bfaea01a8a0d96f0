package page

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"etcdkit/keyspace/usage"
	"etcdkit/report/inventory"
)

//go:embed page.html
var source string

//go:embed page.css
var style string

// Write writes the page. Its size does not grow with the number of keys.
func Write(w io.Writer, f Facts) error {
	t, err := template.New("page").Funcs(functions()).Parse(source)
	if err != nil {
		return err
	}
	return t.Execute(w, content{Facts: f, Style: template.CSS(style)}) //nolint:gosec // ours
}

// content is what the template shows.
type content struct {
	Facts
	Style template.CSS
}

func functions() template.FuncMap {
	return template.FuncMap{
		"name": name, "shown": shown, "size": Size, "share": Share, "plural": plural, "comma": humanize.Comma, "lasting": lasting,
		"join":  func(all []string) string { return strings.Join(all, ", ") },
		"clock": func(t time.Time) string { return t.Format("2 January 2006, 15:04:05 MST") },
		"width": func(part, whole int64) float64 { return 100 * float64(part) / float64(max(whole, 1)) },
	}
}

// Verdict says in a few words how the subject is.
func (c content) Verdict() (v struct{ Class, Text string }) {
	switch d := c.Doctor; {
	case d == nil:
	case d.Errors > 0:
		v.Class, v.Text = "error", plural(d.Errors, "error")
		if d.Warnings > 0 {
			v.Text += ", " + plural(d.Warnings, "warning")
		}
	case d.Warnings > 0:
		v.Class, v.Text = "warning", plural(d.Warnings, "warning")
	default:
		v.Class, v.Text = "good", "nothing found"
	}
	return v
}

// Quotas reports whether the quota of a member is known.
func (c content) Quotas() bool {
	for _, m := range c.Members {
		if m.Quota > 0 {
			return true
		}
	}
	return false
}

// Drawings returns the maps of the prefixes.
func (c content) Drawings() []drawing { return draw(c.Inventory.Tree) }

// prefix is a row of the table below the map.
type prefix struct {
	Name  string
	Sum   usage.Sum
	Class string // its colour in the map
}

// Prefixes returns the largest prefixes, and the rest.
func (c content) Prefixes() (rows []prefix) {
	tree := spread(c.Inventory.Tree)
	rest := tree.Sum
	for i, p := range tree.Parts {
		if i >= colours {
			break
		}
		rows = append(rows, prefix{Name: p.Name, Sum: p.Sum, Class: "c" + string(rune('0'+i))})
		rest.Keys, rest.Bytes, rest.Versions = rest.Keys-p.Sum.Keys, rest.Bytes-p.Sum.Bytes, rest.Versions-p.Sum.Versions
	}
	if rest.Keys > 0 && len(rows) > 0 {
		rows = append(rows, prefix{Sum: rest, Class: "grey"})
	}
	return rows
}

// Written returns the keys that were written more than once.
func (c content) Written() (keys []inventory.Key) {
	for _, k := range c.Inventory.MostWritten {
		if k.Versions > 1 {
			keys = append(keys, k)
		}
	}
	return keys
}

// Deepest returns the most keys of any depth of history, for bars.
func (c content) Deepest() (most int64) {
	for _, d := range c.Inventory.Depths {
		most = max(most, d.Keys)
	}
	return most
}

// Revisions returns how many revisions the history reaches back.
func (c content) Revisions() int64 {
	return c.Inventory.Head.Revision - c.Inventory.Head.CompactRevision
}
