package script

import (
	"cmp"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// What a script says about a command in a format, besides the ids of deviations.
const (
	verdictIdentical = "identical"
	verdictAdditive  = "additive" // the reference refuses the format, ours prints

	additiveRow = "C-002" // the row of the page of differences for it
)

// cell is a command in a format in one kind of run.
type cell struct{ command, format, run string }

// verdicts is a set.
type verdicts map[string]bool

// Matrix is the comparisons that the differential scripts declare. Nothing is
// run: the scripts have to prove them.
type Matrix struct {
	commands []Command
	rows     Deviations
	cells    map[cell]verdicts
}

// ReadMatrix reads the scripts at files. commands are those of our programs.
func (e *Engine) ReadMatrix(files []string, commands []Command, rows Deviations) (*Matrix, error) {
	m := &Matrix{commands: commands, rows: rows, cells: make(map[cell]verdicts)}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		runs, err := e.Runs(file)
		if err != nil {
			return nil, err
		}
		comment := txtar.Parse(text).Comment
		if saysV2(comment) {
			continue
		}
		for _, run := range runs {
			r := reading{m: m, run: run, st: &state{eng: e, side: side{secure: run.Secure}, line: run.Line}, jobs: make(map[string][]string)}
			lines := strings.Split(string(comment), "\n")
			for i, line := range lines {
				prints := i+1 < len(lines) && printsLine.MatchString(lines[i+1])
				r.line(splitLine(line), prints)
			}
		}
	}
	return m, nil
}

var printsLine = regexp.MustCompile(`^(?:\[[^]]*\] )*stdout `)

// reading is one run of a script, as far as it was read.
type reading struct {
	m    *Matrix
	run  Run
	st   *state              // for its conditions
	id   string              // of the deviation announced for the next command
	env  string              // ETCDCTL_WRITE_OUT
	jobs map[string][]string // command lines in the background
}

// line reads one line of a script, split into words. A program that fails
// counts if the script then declares its output: two programs that fail alike
// without a result prove nothing.
func (r *reading) line(words []string, prints bool) {
	for len(words) > 0 && strings.HasPrefix(words[0], "[") {
		if !r.holds(strings.Trim(words[0], "[]")) {
			return
		}
		words = words[1:]
	}
	silent := len(words) > 0 && words[0] == "!"
	if silent {
		words, silent = words[1:], !prints
	}
	if len(words) < 2 {
		return
	}
	job, ok := background(words)
	switch {
	case ok:
		r.jobs[job.name] = job.args
	case words[0] == "deviates":
		r.id = words[len(words)-1]
	case words[0] == "env" || words[0] == "unenv":
		r.format(words)
	case words[0] == "pty":
		r.program(words[2:], silent)
	case words[0] == "collect": // a job has been awaited
		r.program(r.jobs[words[1]], false)
	case slices.Contains([]string{"etcdctl", "etcdutl", "sh"}, words[0]):
		r.program(words, silent)
	}
}

// format notes a change of ETCDCTL_WRITE_OUT.
func (r *reading) format(words []string) {
	for _, set := range words[1:] {
		if name, value, _ := strings.Cut(set, "="); name == "ETCDCTL_WRITE_OUT" {
			r.env = value
		}
	}
}

// holds decides a condition. One of testscript's own, such as the system, counts as true.
func (r *reading) holds(cond string) bool {
	cond, negated := strings.CutPrefix(cond, "!")
	ok, err := r.st.condition(cond)
	return err != nil || ok != negated
}

// program enters a command line whose two sides are compared.
func (r *reading) program(words []string, silent bool) {
	said := r.id
	r.id = ""
	switch {
	case said == "" && silent:
		return
	case said == "":
		said = verdictIdentical
	case said == additiveRow:
		said = verdictAdditive
	}
	c := cell{command: commandOf(words, r.m.commands), format: cmp.Or(outputFormat(words, r.env), "simple"), run: r.run.String()}
	if c.command == "" || !slices.Contains(formats(), c.format) {
		return
	}
	if r.m.cells[c] == nil {
		r.m.cells[c] = make(verdicts)
	}
	r.m.cells[c][said] = true
}

// splitLine splits a line as testscript does: at blanks outside of single quotes, two of which within are one; a # begins a
// comment.
func splitLine(line string) []string {
	var words []string
	var word strings.Builder
	begun, quoted := false, false
	line += "\n"
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\'' && quoted && i+1 < len(line) && line[i+1] == '\'':
			word.WriteByte(c)
			i++
		case c == '\'':
			quoted, begun = !quoted, true
		case quoted || !strings.ContainsRune(" \t\r\n#", rune(c)):
			word.WriteByte(c)
			begun = true
		default:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
			if c == '#' {
				return words
			}
		}
	}
	return words
}

// of returns the declarations for a cell and for the same one on secure
// clusters.
func (m *Matrix) of(c cell) verdicts {
	both := maps.Clone(m.cells[c])
	if len(both) > 0 {
		maps.Copy(both, m.cells[c.secure()])
	}
	return both
}

// secure is the same cell of the runs on secure clusters.
func (c cell) secure() cell {
	c.run += secureSuffix
	return c
}

// formats are the columns of the matrix.
func formats() []string { return []string{"simple", "json", "table", "fields", "protobuf"} }
