package cli

import (
	"regexp"
	"strings"
)

// page lays out a page of the documentation for a terminal of that many columns:
// paragraphs, lists and tables, without marks of Markdown. Code stays as it is.
func page(markdown string, columns int) string {
	p := pager{columns: columns, link: regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)}
	for line := range strings.Lines(markdown) {
		p.line(strings.TrimRight(line, "\n"))
	}
	p.flush()
	return strings.TrimLeft(p.out.String(), "\n")
}

// pager is the state while a page is laid out.
type pager struct {
	out     strings.Builder
	columns int
	link    *regexp.Regexp // in Markdown
	text    []string       // of a paragraph or an item
	first   string         // what the paragraph begins with
	rows    [][]string     // of a table
	code    bool
}

func (p *pager) line(line string) {
	switch {
	case strings.HasPrefix(line, "```"):
		p.flush()
		p.code = !p.code
	case p.code:
		p.out.WriteString("    " + line + "\n")
	case strings.HasPrefix(line, "|"):
		p.row(line)
	case strings.HasPrefix(line, "#"):
		p.flush()
		if !strings.HasSuffix(p.out.String(), "\n\n") {
			p.out.WriteByte('\n')
		}
		p.out.WriteString(strings.ToUpper(p.plain(strings.TrimLeft(line, "# "))) + "\n")
	case strings.HasPrefix(line, "- "):
		p.flush()
		p.first, p.text = "- ", []string{line[2:]}
	case strings.TrimSpace(line) == "":
		blank := len(p.text) > 0 || len(p.rows) > 0 || !strings.HasSuffix(p.out.String(), "\n\n")
		p.flush()
		if blank {
			p.out.WriteByte('\n')
		}
	default:
		p.text = append(p.text, strings.TrimSpace(line))
	}
}

// row adds a row of a table; the line between head and body is none.
func (p *pager) row(line string) {
	if len(p.text) > 0 {
		p.flush()
	}
	cells := strings.Split(strings.Trim(line, "| "), " | ")
	if strings.Trim(strings.Join(cells, ""), "-: |") == "" {
		p.rows = nil // the names of the columns
		return
	}
	for i := range cells {
		cells[i] = p.plain(strings.TrimSpace(cells[i]))
	}
	p.rows = append(p.rows, cells)
}

// flush writes the paragraph or table that has been read.
func (p *pager) flush() {
	if len(p.text) > 0 {
		p.out.WriteString(wrap(p.first+p.plain(strings.Join(p.text, " ")), len(p.first), p.columns))
	}
	widest := 0
	for _, r := range p.rows {
		widest = max(widest, len(r[0]))
	}
	widest = min(widest, max(p.columns/3, 8))
	for _, r := range p.rows {
		first := "  " + r[0] + strings.Repeat(" ", max(widest-len(r[0]), 0)) + "  "
		rest := strings.Join(r[1:], ": ")
		if len(r[0]) > widest {
			p.out.WriteString("  " + r[0] + "\n")
			first = strings.Repeat(" ", widest+4)
		}
		p.out.WriteString(wrap(first+rest, widest+4, p.columns))
	}
	p.text, p.rows, p.first = nil, nil, ""
}

// plain removes the marks of Markdown from a text.
func (p *pager) plain(text string) string {
	text = p.link.ReplaceAllString(text, "$1")
	return strings.NewReplacer("`", "", "**", "").Replace(text)
}

// wrap breaks a line at blanks so that it fits into so many columns, where a word
// is not longer; lines after the first begin with indent blanks. It ends the last line.
func wrap(line string, indent, columns int) string {
	var out strings.Builder
	for len(line) > columns {
		i := strings.LastIndexByte(line[:columns+1], ' ')
		if strings.TrimSpace(line[:max(i, 0)]) == "" { // the first word is too long
			begin := len(line) - len(strings.TrimLeft(line, " "))
			if i = strings.IndexByte(line[begin:], ' '); i < 0 {
				break
			}
			i += begin
		}
		out.WriteString(strings.TrimRight(line[:i], " ") + "\n")
		line = strings.Repeat(" ", indent) + strings.TrimLeft(line[i:], " ")
	}
	return out.String() + line + "\n"
}
