package script

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// What a comparison says about a command in a format, besides the ids of the deviations that a script announces.
const (
	verdictIdentical = "identical"
	verdictAdditive  = "additive" // the reference refuses the format, ours prints
)

// usageRow is the row of the page of differences for [Entry.Usage].
const usageRow = "C-012"

// cell is what one script says about one command in one format in one of its runs.
type cell struct{ script, command, format, run string }

// verdicts is a set.
type verdicts map[string]bool

// Matrix is what the differential scripts compare, kept in a file so that a run of a few scripts can be held against it.
// Safe for concurrent use.
type Matrix struct {
	path     string
	commands []Command
	rows     Deviations

	mu    sync.Mutex
	cells map[cell]verdicts
	fresh map[[2]string]map[cell]verdicts // by script and run: what is to replace the file's
}

// OpenMatrix reads the file at path, which may be missing. commands are those of our programs.
func OpenMatrix(path string, commands []Command, rows Deviations) (*Matrix, error) {
	cells, err := readCells(path)
	return &Matrix{
		path: path, commands: commands, rows: rows,
		cells: cells, fresh: make(map[[2]string]map[cell]verdicts),
	}, err
}

// add holds what one script compared in one run against the file and returns how they differ; with update the
// file will be changed by Save.
func (m *Matrix) add(script string, run Run, ref, ours *Transcript, update bool) string {
	name := run.String()
	found := m.evaluate(script, name, ref, ours)
	m.mu.Lock()
	defer m.mu.Unlock()
	if update {
		m.fresh[[2]string{script, name}] = found
		return ""
	}
	recorded := make(map[cell]verdicts)
	for c, v := range m.cells {
		if c.script == script && c.run == name {
			recorded[c] = v
		}
	}
	if maps.EqualFunc(found, recorded, maps.Equal) {
		return ""
	}
	return fmt.Sprintf("%s is stale: bring it up to date with\n\tgo test . -run 'TestDiff/^%s$/^%s$' -update", m.path, script, name)
}

// evaluate collects the verdicts of a pair of transcripts which differ in nothing but what the script announces.
func (m *Matrix) evaluate(script, run string, ref, ours *Transcript) map[cell]verdicts {
	found := make(map[cell]verdicts)
	for i := range ref.Entries {
		a, b := &ref.Entries[i], &ours.Entries[i]
		command := commandOf(a.words, m.commands)
		format := cmp.Or(a.format, "simple")
		said := m.said(a, b)
		if command == "" || !slices.Contains(formats(), format) || len(said) == 0 {
			continue
		}
		c := cell{script, command, format, run}
		if found[c] == nil {
			found[c] = make(verdicts)
		}
		maps.Copy(found[c], said)
	}
	return found
}

// said is what a pair of entries says. Two that fail alike say nothing: a wrong argument is no result.
func (m *Matrix) said(ref, ours *Entry) verdicts {
	v := make(verdicts)
	if ref.Usage {
		v[usageRow] = true
	}
	if len(ref.Deviates) == 0 {
		if ref.Exit == 0 || ref.Stdout != "" {
			v[verdictIdentical] = true
		}
		return v
	}
	if refused(ref) && (ours.Exit == 0 || ours.Stdout != "") {
		v[verdictAdditive] = true
		return v
	}
	for _, id := range ref.Deviates {
		v[id] = true
	}
	return v
}

// refused tells whether an entry failed because its program has no such format for the command.
func refused(e *Entry) bool {
	return e.Exit != 0 && (strings.Contains(e.Errors, "not supported as output format") || strings.Contains(e.Errors, "marshal unsupported"))
}

// Save writes the file, if anything is to be changed: what scripts found that ran, and nothing of runs that exists says
// are gone.
func (m *Matrix) Save(exists func(script, run string) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.fresh) == 0 {
		return nil
	}
	unlock, err := lockedfile.MutexAt(m.path + ".lock").Lock() // others may be updating other scripts
	if err != nil {
		return err
	}
	defer unlock()
	cells, err := readCells(m.path)
	if err != nil {
		return err
	}
	maps.DeleteFunc(cells, func(c cell, _ verdicts) bool {
		_, ran := m.fresh[[2]string{c.script, c.run}]
		return ran || !exists(c.script, c.run)
	})
	for _, found := range m.fresh {
		maps.Copy(cells, found)
	}
	m.cells, m.fresh = cells, make(map[[2]string]map[cell]verdicts)
	if err := os.WriteFile(m.path, []byte(formatCells(cells)), 0o644); err != nil {
		return err
	}
	return os.Remove(m.path + ".lock")
}

// formatCells writes a line for each script, command, format and verdict, with the runs it was found in.
func formatCells(cells map[cell]verdicts) string {
	lines := make(map[string][]string)
	for c, said := range cells {
		for v := range said {
			key := strings.Join([]string{c.script, c.command, c.format, v}, "\t")
			lines[key] = append(lines[key], c.run)
		}
	}
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		slices.Sort(lines[key])
		fmt.Fprintf(&out, "%s\t%s\n", key, strings.Join(lines[key], " "))
	}
	return out.String()
}

func readCells(path string) (map[cell]verdicts, error) {
	cells := make(map[cell]verdicts)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cells, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		const fields = 5
		if len(f) != fields {
			return nil, fmt.Errorf("%s: not five fields: %q", path, line)
		}
		for run := range strings.FieldsSeq(f[4]) {
			c := cell{f[0], f[1], f[2], run}
			if cells[c] == nil {
				cells[c] = make(verdicts)
			}
			cells[c][f[3]] = true
		}
	}
	return cells, nil
}

// formats are the columns of the matrix.
func formats() []string { return []string{"simple", "json", "table", "fields", "protobuf"} }
