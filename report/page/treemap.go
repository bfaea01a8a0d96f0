package page

import (
	"cmp"
	"slices"
	"strconv"
	"unicode/utf8"

	"etcdkit/keyspace/usage"
)

const (
	// colours is how many parts of a map have a colour of their own.
	colours = 8
	// smallest is the area from which a part is drawn by itself, in square pixels.
	// Smaller ones are drawn together, as the rest of what they are in.
	smallest = 90
	// heading is the height of the heading of a part with parts of its own, and
	// line that of a line of text, in pixels.
	heading, line = 22, 16
	// letter is the width of a letter, in pixels, as wide as most of them are, and
	// worth how many of a name are worth showing.
	letter, worth = 7, 5
)

// drawing is a map for windows of some widths. Its boxes are in percent of it, so
// that it fills the window, and its letters have the same size in all of them.
type drawing struct {
	Class         string
	width, Height float64 // in pixels, of the narrowest window that it is for
	Cells         []cell
	tree          usage.Part
}

// cell is one box of a drawing: a part without parts, or the heading of one with
// parts, whose boxes follow and cover the rest of it.
type cell struct {
	X, Y, W, H           string // in percent
	Class                string
	Label, Amount, Title string
	Bytes                int64
	Group                bool // what is in it follows
}

// draw returns the map of a tree, in shapes for windows of three widths, as the
// style has them.
func draw(tree usage.Part) []drawing {
	all := []drawing{
		{Class: "wide", width: 1030, Height: 560},
		{Class: "medium", width: 530, Height: 560},
		{Class: "narrow", width: 330, Height: 620},
	}
	for i := range all {
		all[i].tree = spread(tree)
		all[i].fill()
	}
	return all
}

// spread returns the tree with the parts of a part that is nearly all of it in the
// place of that part: they would otherwise have one colour, and no parts.
func spread(tree usage.Part) usage.Part {
	for len(tree.Parts) > 0 {
		first := tree.Parts[0]
		if len(first.Parts) == 0 || first.Sum.Bytes*10 < tree.Sum.Bytes*9 {
			break
		}
		tree.Parts = slices.Concat(first.Parts, tree.Parts[1:])
		slices.SortStableFunc(tree.Parts, func(a, b usage.Part) int { return cmp.Compare(b.Sum.Bytes, a.Sum.Bytes) })
	}
	return tree
}

// fill draws the parts of the tree and theirs.
func (d *drawing) fill() {
	whole := box{0, 0, d.width, d.Height}
	if len(d.tree.Parts) == 0 {
		d.add(whole, d.tree.Sum, cell{Class: "c0", Label: shown(d.tree.Name), Title: shown(d.tree.Name)})
		return
	}
	parts, boxes, others := within(d.tree, whole)
	for i, one := range parts {
		class := "c" + strconv.Itoa(i)
		if i >= colours {
			class = "grey"
		}
		d.part(boxes[i], one, class)
	}
	d.rest(others, d.tree, parts, "grey")
}

// part draws one part, with its parts if there is room.
func (d *drawing) part(at box, one usage.Part, class string) {
	c := cell{Class: class, Label: shown(one.Label(d.tree.Name)), Title: shown(one.Name)}
	inner := box{at.x, at.y + heading, at.w, at.h - heading}
	if len(one.Parts) == 0 || inner.h < 3*line || inner.w < 8*letter {
		d.add(at, one.Sum, c)
		return
	}
	c.Group = true
	d.add(at, one.Sum, c)
	parts, boxes, others := within(one, inner)
	for i, p := range parts {
		d.add(boxes[i], p.Sum, cell{Class: class, Label: shown(p.Label(one.Name)), Title: shown(p.Name)})
	}
	d.rest(others, one, parts, class+" rest")
}

// within returns the parts of one that are drawn in a box, their boxes, and that
// of everything else, which is empty if there is nothing else.
func within(one usage.Part, in box) (parts []usage.Part, boxes []box, others box) {
	scale := in.w * in.h / float64(one.Sum.Bytes)
	left := one.Sum.Bytes
	var sizes []float64
	for _, p := range one.Parts {
		if float64(p.Sum.Bytes)*scale < smallest {
			break
		}
		parts, sizes = append(parts, p), append(sizes, float64(p.Sum.Bytes))
		left -= p.Sum.Bytes
	}
	if left == 0 {
		return parts, squarify(in, sizes), box{}
	}
	at := 0 // where it belongs among the parts
	for at < len(sizes) && sizes[at] >= float64(left) {
		at++
	}
	boxes = squarify(in, slices.Insert(sizes, at, float64(left)))
	others = boxes[at]
	return parts, slices.Delete(boxes, at, at+1), others
}

// rest draws what is left of a part without those that are drawn, if there is
// something.
func (d *drawing) rest(at box, of usage.Part, drawn []usage.Part, class string) {
	if at == (box{}) {
		return
	}
	left := of.Sum
	for _, p := range drawn {
		left.Keys, left.Bytes = left.Keys-p.Sum.Keys, left.Bytes-p.Sum.Bytes
	}
	others := "everything else"
	if of.Name != "" {
		others += " in " + shown(of.Name)
	}
	d.add(at, left, cell{Class: class, Label: plural(left.Keys, "other key"), Title: others})
}

// add draws a box. Its label is cut to the width of the box, or left out, and its
// title completed.
func (d *drawing) add(at box, sum usage.Sum, c cell) {
	percent := func(part, whole float64) string { return strconv.FormatFloat(100*part/whole, 'f', 4, 64) }
	c.X, c.Y, c.W, c.H = percent(at.x, d.width), percent(at.y, d.Height), percent(at.w, d.width), percent(at.h, d.Height)
	c.Bytes = sum.Bytes
	amount := Size(sum.Bytes)
	c.Title = limit(c.Title, longestTitle) + "\n" + amount + ", " + Share(sum.Bytes, d.tree.Sum.Bytes) + ", " + plural(sum.Keys, "key")
	letters := int((at.w - 10) / letter)
	switch {
	case letters < 3 || at.h < line+4 || letters < worth && utf8.RuneCountInString(c.Label) > letters:
		c.Label = ""
	case c.Group && utf8.RuneCountInString(c.Label)+2+len(amount) <= letters, !c.Group && at.h >= 2*line+6 && len(amount) <= letters:
		c.Amount = amount
	}
	c.Label = limit(c.Label, letters)
	d.Cells = append(d.Cells, c)
}
