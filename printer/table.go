package printer

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// printTable draws the view's table.
func printTable(t *Text, v View) {
	g := &Grid{Options: t.Options}
	v.(Table).Table(g)
	switch {
	case g.err != nil:
		t.Fail(g.err)
	case g.bare != "":
		t.Line(g.bare)
	case !g.fits():
		g.blocks(t)
	default:
		var first firstLine
		if err := g.draw(io.MultiWriter(t, &first)); err != nil {
			t.Fail(fmt.Errorf("draw a table: %w", err))
		}
		if len(g.rows) == 0 && g.Release.Table.EmptyRule {
			t.Raw(string(first))
		}
	}
}

// firstLine keeps the first line written to it.
type firstLine []byte

func (l *firstLine) Write(b []byte) (int, error) {
	if !bytes.HasSuffix(*l, []byte("\n")) {
		line, _, ended := bytes.Cut(b, []byte("\n"))
		*l = append(*l, line...)
		if ended {
			*l = append(*l, '\n')
		}
	}
	return len(b), nil
}

// draw lays the table out as the release does: 3.7 with the version of
// tablewriter that is linked here, the releases before it with 0.0.5, whose
// habits TableStyle names.
func (g *Grid) draw(w io.Writer) error {
	style, trim := g.Release.Table, tw.On
	borders := tw.StyleASCII
	if style.Boxes {
		borders = tw.StyleLight
	}
	if style.Wrap > 0 {
		trim = tw.Off
	}
	var align []tw.Align
	if g.Terminal {
		align = g.alignment()
	}
	table := tablewriter.NewTable(w,
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{Global: tw.AlignRight, PerColumn: align}),
		tablewriter.WithTrimSpace(trim),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{Symbols: tw.NewSymbols(borders)})),
	)
	table.Header(g.header)
	for _, cells := range g.rows {
		cells = slices.Clone(cells)
		for i := range cells {
			cells[i] = g.wrapped(cells[i])
		}
		if err := table.Append(cells); err != nil {
			return err
		}
	}
	return table.Render()
}

// wrapped returns a cell as the release breaks its lines.
func (g *Grid) wrapped(cell string) string {
	if width := g.Release.Table.Wrap; width > 0 {
		return wrap(cell, width)
	}
	return cell
}

// wrap breaks each line of a cell as tablewriter 0.0.5 does. The words are
// spread over lines of at most width columns, or as many as the longest word
// needs, so that the sum of the squares of the unused columns, without the last
// line, is minimal.
func wrap(cell string, width int) string {
	var lines []string
	for line := range strings.SplitSeq(cell, "\n") {
		if twwidth.Width(line) <= width {
			lines = append(lines, line)
			continue
		}
		words := strings.Split(line, " ")
		widths := make([]int, len(words))
		for i, word := range words {
			widths[i] = twwidth.Width(word)
		}
		end := breaks(widths, max(width, slices.Max(widths)))
		// The column stays as wide as the limit, even if no line needs that.
		words[0] = strings.Repeat(" ", max(0, width-lineWidth(widths[:end[0]]))) + words[0]
		for from := 0; from < len(words); from = end[from] {
			lines = append(lines, strings.Join(words[from:end[from]], " "))
		}
	}
	return strings.Join(lines, "\n")
}

// lineWidth is the width of a line of words.
func lineWidth(words []int) int {
	width := len(words) - 1
	for _, w := range words {
		width += w
	}
	return width
}

// breaks returns for each word of the given widths the word at which the next
// line begins, if a line begins at the one.
func breaks(widths []int, limit int) []int {
	const tooLong = 100_000 // the cost of a line above the limit; beside a very long word it can be the least
	n := len(widths)
	end, cost, rest := make([]int, n), make([]int, n), -1
	for from := n - 1; from >= 0; from-- {
		if rest += 1 + widths[from]; rest <= limit {
			end[from] = n
			continue
		}
		cost[from] = math.MaxInt
		for next, line := from+1, widths[from]; next < n; next++ {
			empty := limit - line
			c := empty * empty
			if line > limit {
				if c += tooLong; c >= cost[from] {
					break // longer lines cost more
				}
			}
			if c += cost[next]; c < cost[from] {
				cost[from], end[from] = c, next
			}
			line += 1 + widths[next]
		}
	}
	return end
}
