package browser

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"etcdkit/printer"
)

const (
	minWidth  = 80
	minHeight = 24
)

func helpLines() []string {
	return []string{
		"up down j k      move",
		"PgUp PgDn        move by a screen",
		"enter right l    open or close a directory",
		"left h backspace close, or go to the parent",
		"v y              value: text, JSON or YAML",
		"x                value in hexadecimal",
		"r                history of the key",
		"d                what each version changed",
		"w                watch the key or directory",
		"J K space        scroll the pane",
		"/                search in the names of keys",
		"esc              end a search",
		"c                show the command for this",
		"?                this help",
		"q ctrl-c         quit",
	}
}

// key does what a key stands for.
func (m *model) key(k tcell.Key, r rune) {
	if m.typing {
		m.typeKey(k, r)
		return
	}
	switch k {
	case tcell.KeyUp:
		r = 'k'
	case tcell.KeyDown:
		r = 'j'
	case tcell.KeyEnter, tcell.KeyRight:
		r = 'l'
	case tcell.KeyLeft, tcell.KeyBackspace, tcell.KeyBackspace2:
		r = 'h'
	case tcell.KeyCtrlC:
		r = 'q'
	case tcell.KeyEscape:
		m.unfind()
		return
	case tcell.KeyPgUp:
		m.move(-m.height)
		return
	case tcell.KeyPgDn:
		m.move(m.height)
		return
	case tcell.KeyRune:
	default:
		return
	}
	m.letter(r)
}

func (m *model) letter(r rune) {
	switch r {
	case 'q':
		m.quit = true
	case 'k':
		m.move(-1)
	case 'j':
		m.move(1)
	case 'l':
		m.enter()
	case 'h':
		m.leave()
	case 'v', 'y':
		m.turn(modeValue)
	case 'x':
		m.turn(modeHex)
	case 'r':
		m.turn(modeHistory)
	case 'd':
		m.turn(modeDiff)
	case 'w':
		m.turn(modeWatch)
	case '/':
		m.typing, m.typed = true, ""
	case '?':
		m.turn(modeHelp)
	case 'J', ' ':
		m.scroll = min(m.scroll+m.height/2, max(0, len(m.wrapped)-1))
	case 'K':
		m.scroll = max(0, m.scroll-m.height/2)
	case 'c':
		m.status = m.command()
	}
}

// turn shows something else in the pane.
func (m *model) turn(to mode) {
	m.mode, m.pane = to, nil
	m.show()
}

func (m *model) lines() []string {
	if m.mode == modeHelp {
		return helpLines()
	}
	return m.pane
}

// wrap quotes lines, and breaks those that are longer than a width.
func wrap(lines []string, width int) []string {
	var all []string
	for _, line := range lines {
		rest := []rune(quote(line))
		for len(rest) > width {
			all = append(all, string(rest[:width]))
			rest = rest[width:]
		}
		all = append(all, string(rest))
	}
	return all
}

// command returns the command line that prints what is shown.
func (m *model) command() string {
	n := m.current()
	switch {
	case n == nil:
		return m.Command("ls", m.Prefix)
	case m.mode == modeWatch && n.dir:
		return m.Command("watch", "--prefix", n.name)
	case m.mode == modeWatch:
		return m.Command("watch", n.name)
	case n.dir && m.Separator != "/":
		return m.Command("ls", "--separator", m.Separator, n.name)
	case n.dir:
		return m.Command("ls", n.name)
	case m.mode == modeHistory:
		return m.Command("history", n.name)
	case m.mode == modeDiff:
		return m.Command("history", "-p", n.name)
	case m.mode == modeHex:
		return m.Command("get", "--hex", n.name)
	}
	return m.Command("get", n.name)
}

// draw shows the tree, the pane and the status. Only bold and reverse are used, so
// the screen is the same without colors.
func (m *model) draw(screen tcell.Screen) {
	if m.stale {
		m.flatten()
	}
	screen.Clear()
	w, h := screen.Size()
	if w < minWidth || h < minHeight {
		put(screen, 0, 0, w, fmt.Sprintf("browse needs %dx%d", minWidth, minHeight), tcell.StyleDefault)
		screen.Show()
		return
	}
	left := w * 2 / 5
	m.height = h - 2
	m.top = max(min(m.top, m.cursor), m.cursor-m.height+1)
	bold := tcell.StyleDefault.Bold(true)
	put(screen, 0, 0, left, m.title(), bold)
	if n := m.current(); n != nil {
		put(screen, left+2, 0, w-left-2, n.name, bold)
	}
	for y := range m.height {
		put(screen, left, y+1, 1, "|", tcell.StyleDefault)
		if i := m.top + y; i < len(m.rows) {
			m.row(screen, i, y+1, left)
		}
	}
	m.wrapped = wrap(m.lines(), w-left-2)
	for y, line := range m.wrapped[min(m.scroll, len(m.wrapped)):] {
		if y == m.height {
			break
		}
		put(screen, left+2, y+1, w-left-2, line, tcell.StyleDefault)
	}
	put(screen, 0, h-1, w, m.bottom(), bold)
	screen.Show()
}

// title says what the tree shows.
func (m *model) title() string {
	title := m.Prefix
	if title == "" {
		title = "all keys"
	}
	if m.found != nil {
		title += " with " + m.found.label
	}
	return title
}

func (m *model) bottom() string {
	switch {
	case m.typing:
		return "search for: " + m.typed + "_"
	case m.status != "":
		return m.status
	case m.shownRoot().loading:
		return "reading ..."
	case len(m.rows) == 0 && m.found != nil:
		return "no such keys   esc back   q quit"
	case len(m.rows) == 0:
		return "no keys here   q quit"
	case m.found != nil:
		return "esc back  x hex  r history  d differences  w watch  c command  ? help  q quit"
	}
	return "enter open  / search  x hex  r history  d differences  w watch  ? help  q quit"
}

// row draws a row of the tree, with the number of keys of a directory.
func (m *model) row(screen tcell.Screen, i, y, width int) {
	n, style, mark := m.rows[i], tcell.StyleDefault, "  "
	if i == m.cursor {
		style = style.Reverse(true)
	}
	switch {
	case n.dir && n.open:
		mark = "- "
	case n.dir:
		mark = "+ "
	}
	m.countKeys(n)
	put(screen, 0, y, width, strings.Repeat(" ", width), style)
	put(screen, 0, y, width-len(n.count)-1, strings.Repeat("  ", n.depth)+mark+n.label, style)
	put(screen, width-len(n.count), y, len(n.count), n.count, style)
}

// put draws a line of text. What a terminal could obey is quoted.
func put(screen tcell.Screen, x, y, width int, text string, style tcell.Style) {
	text = quote(text)
	for end := x + width; text != "" && x < end; {
		var n int
		text, n = screen.Put(x, y, text, style)
		if n == 0 {
			return
		}
		x += n
	}
}

// quote returns a line of text without what a terminal could obey.
func quote(line string) string {
	return strings.NewReplacer("\t", "    ", "\n", `\n`).Replace(printer.Visible(line))
}
