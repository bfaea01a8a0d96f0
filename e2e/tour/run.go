package tour

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"etcdkit/e2e/cluster"
)

// guide runs one chapter.
type guide struct {
	page      *Page
	dir       string
	env       []string
	vars      []string // of env, from directives
	names     names
	cluster   *cluster.Cluster
	started   int    // clusters
	servers   string // directory of their programs
	terminals map[string]*terminal
	current   string // terminal
}

func newGuide(p *Page, dir string) *guide {
	g := &guide{page: p, dir: dir, terminals: map[string]*terminal{}}
	g.names.real = map[string]string{"/home/you": dir}
	return g
}

// end ends all that the chapter has started.
func (g *guide) end() {
	for _, t := range g.terminals {
		t.close()
	}
	clear(g.terminals)
	if g.cluster != nil {
		g.cluster.Stop()
		g.cluster = nil
	}
}

// logs returns the ends of the servers' logs.
func (g *guide) logs() string {
	if g.cluster == nil {
		return ""
	}
	var all strings.Builder
	for _, m := range g.cluster.Members {
		all.WriteString(m.LogTail() + "\n")
	}
	return all.String()
}

// run runs the parts of a chapter and writes the terminal's output into them.
func (g *guide) run(ctx context.Context, parts []part) error {
	for i, p := range parts {
		if p.words != nil {
			if err := g.direct(ctx, p.words, parts[i+1:]); err != nil {
				return fmt.Errorf("%s\n%w\n%s", p.text, err, g.logs())
			}
		}
		for n := range p.steps {
			last := n == len(p.steps)-1
			goesOn := last && g.goesOn(parts[i+1:]) || !last && !strings.HasPrefix(p.steps[n+1].typed, "$ ")
			if err := g.step(ctx, &p.steps[n], goesOn); err != nil {
				return fmt.Errorf("%s\n%w", p.steps[n].typed, err)
			}
		}
		if p.steps != nil {
			g.current = ""
		}
	}
	return nil
}

// goesOn says whether the next block of the current terminal is about the command that runs there now.
func (g *guide) goesOn(parts []part) bool {
	name := ""
	for _, p := range parts {
		switch {
		case p.words != nil && p.words[0] == "terminal":
			name = p.words[1]
		case p.steps != nil && name == g.current:
			return !strings.HasPrefix(p.steps[0].typed, "$ ")
		case p.steps != nil:
			name = ""
		}
	}
	return false
}

// step types the input of a step and compares the output; a command that
// continues need not end.
func (g *guide) step(ctx context.Context, s *step, goesOn bool) error {
	t, err := g.terminal()
	if err != nil {
		return err
	}
	if err := t.enter(g.names.forRun(s.typed)); err != nil {
		return err
	}
	var out string
	switch {
	case !goesOn:
		out, err = t.toEnd(ctx)
	case g.page.Update:
		out = t.untilQuiet()
	default:
		out, err = t.await(ctx, func(text string) bool { return g.names.forPage(text) == s.output })
	}
	got := g.names.forPage(out)
	switch {
	case goesOn && !t.running:
		return fmt.Errorf("the command has ended:\n%s", got)
	case !g.page.Update && got != s.output:
		return errors.Join(err, &difference{s.output, got})
	}
	s.output = got
	return err
}

// terminal returns the current terminal.
func (g *guide) terminal() (*terminal, error) {
	if t := g.terminals[g.current]; t != nil {
		return t, nil
	}
	t, err := open(g.dir, g.env)
	if err == nil {
		g.terminals[g.current] = t
	}
	return t, err
}

// difference is an output that differs from the page.
type difference struct{ page, shell string }

func (d *difference) Error() string {
	return string(diff.Diff("the page", []byte(d.page), "the shell", []byte(d.shell)))
}
