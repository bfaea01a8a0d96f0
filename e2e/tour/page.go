// Package tour runs the pages of docs that are tutorials: a page is Markdown,
// and its console blocks must match the output of a shell with our programs on
// real servers. It must not import the root module.
package tour

import (
	"fmt"
	"slices"
	"strings"
)

const (
	console   = "```console\n" // opens a block whose commands are run
	fence     = "```\n"
	interrupt = "^C\n"
)

// A part of a page is text, a directive in a comment, or a block.
type part struct {
	text  string // its text on the page; empty for a block
	words []string
	steps []step // of a block
}

// A step is the input typed in a block, and the output that the terminal then
// shows.
type step struct {
	typed  string // with its prompt, as on the page: "$ " before commands, "> " before input; empty for output without input
	output string
}

// A chapter runs independently, on its own servers and in its own directory.
type chapter struct {
	title string
	parts []part
}

// parse splits a page. The first chapter is the text before all titles.
func parse(page string) ([]chapter, error) {
	chapters := make([]chapter, 1)
	lines := slices.Collect(strings.Lines(page))
	for i := 0; i < len(lines); i++ {
		if title, ok := strings.CutPrefix(lines[i], "## "); ok {
			chapters = append(chapters, chapter{title: strings.TrimSpace(title)})
		}
		c := &chapters[len(chapters)-1]
		p := part{text: lines[i]}
		if comment, ok := strings.CutPrefix(lines[i], "<!-- "); ok {
			comment, closed := strings.CutSuffix(comment, " -->\n")
			if !closed {
				return nil, fmt.Errorf("line %d: a directive is one line, <!-- WORD ARGUMENTS -->", i+1)
			}
			p.words = strings.SplitN(comment, " ", 3)
		}
		if lines[i] == console {
			end := slices.Index(lines[i:], fence)
			if end < 0 {
				return nil, fmt.Errorf("line %d: the block does not end", i+1)
			}
			p = part{steps: steps(lines[i+1 : i+end])}
			i += end
		}
		c.parts = append(c.parts, p)
	}
	return chapters, nil
}

// steps reads the lines of a block.
func steps(lines []string) []step {
	var all []step
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "$ ") {
		all = make([]step, 1) // the output of the command that is still running
	}
	for _, line := range lines {
		last := len(all) - 1
		switch {
		case isInput(line) && last >= 0 && hereDocument(all[last]):
			all[last].typed += line
		case strings.HasPrefix(line, "$ "), line == interrupt, isInput(line):
			all = append(all, step{typed: line})
		default:
			all[last].output += line
		}
	}
	return all
}

func isInput(line string) bool { return line == ">\n" || strings.HasPrefix(line, "> ") }

// hereDocument says whether the lines of input after a step are still its command.
func hereDocument(s step) bool {
	return strings.HasPrefix(s.typed, "$ ") && strings.Contains(s.typed, "<<") && s.output == ""
}

// render is the opposite of parse.
func render(chapters []chapter) string {
	var page strings.Builder
	for _, c := range chapters {
		for _, p := range c.parts {
			page.WriteString(p.text)
			if p.steps == nil {
				continue
			}
			page.WriteString(console)
			for _, s := range p.steps {
				page.WriteString(s.typed)
				page.WriteString(s.output)
			}
			page.WriteString(fence)
		}
	}
	return page.String()
}
