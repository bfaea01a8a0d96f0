package script

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Deviation is a row of the page of differences.
type Deviation struct {
	ID      string // C-001, never given to another row
	Text    string // what the row is about, in markdown
	Section string // the heading of its table
}

// Deviations are all rows of the page, in their order.
type Deviations struct {
	path string
	rows []Deviation
}

// ReadDeviations reads the tables of the page at path. Every row begins with an id of its own.
func ReadDeviations(path string) (Deviations, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Deviations{}, err
	}
	d := Deviations{path: path}
	section := ""
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.TrimSpace(title)
		}
		cells := rowCells.FindStringSubmatch(line)
		if cells == nil || cells[1] == "id" || strings.HasPrefix(cells[1], "---") {
			continue
		}
		row := Deviation{cells[1], cells[2], section}
		switch {
		case !rowID.MatchString(row.ID):
			return Deviations{}, fmt.Errorf("%s: the row of %q needs an id like C-017 in its first column", path, row.ID)
		case d.has(row.ID):
			return Deviations{}, fmt.Errorf("%s: two rows have the id %s", path, row.ID)
		}
		d.rows = append(d.rows, row)
	}
	return d, nil
}

var (
	rowID    = regexp.MustCompile(`^C-[0-9]{3}$`)
	rowCells = regexp.MustCompile(`^\| ((?:[^|\\]|\\.)*?) \| ((?:[^|\\]|\\.)*?) \|`)
	deviates = regexp.MustCompile(`^(?:\[[^]]*\] )*deviates .* (\S+)$`)
)

func (d Deviations) has(id string) bool {
	return slices.ContainsFunc(d.rows, func(r Deviation) bool { return r.ID == id })
}

// Unknown lists the ids that the scripts at files give to deviates and that no row has.
func (d Deviations) Unknown(files []string) ([]string, error) {
	var unknown []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if m := deviates.FindStringSubmatch(strings.TrimSpace(line)); m != nil && !d.has(m[1]) {
				unknown = append(unknown, fmt.Sprintf("%s of %s", m[1], filepath.Base(file)))
			}
		}
	}
	return unknown, nil
}

// Page lays the matrix out as a markdown page and names what keeps it from being whole: cells that no script fills, rows
// that do not exist. has tells for each release line which commands its programs have.
func (m *Matrix) Page(has map[string][]Command, exists func(script, run string) bool) (page string, missing []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[cell]verdicts) // of all scripts together
	for c, said := range m.cells {
		if !exists(c.script, c.run) {
			missing = append(missing, fmt.Sprintf("a script %s that runs on %s", c.script, c.run))
		}
		sum := cell{command: c.command, format: c.format, run: c.run}
		if all[sum] == nil {
			all[sum] = make(verdicts)
		}
		maps.Copy(all[sum], said)
	}
	used, lost := m.used(all)
	for _, id := range lost {
		missing = append(missing, fmt.Sprintf("a row %s in %s", id, m.rows.path))
	}
	var out strings.Builder
	out.WriteString(pageHead)
	for _, prog := range []string{"etcdctl", "etcdutl"} {
		for _, line := range slices.Backward(slices.Sorted(maps.Keys(has))) {
			fmt.Fprintf(&out, "\n## %s %s\n\n", prog, line)
			missing = append(missing, m.table(&out, all, prog, line, has[line])...)
		}
	}
	missing = append(missing, m.secureTable(&out, all, has)...)
	fmt.Fprintf(&out, "\n## Deviations\n\n")
	for _, d := range used {
		fmt.Fprintf(&out, "- [%s](compat.md#%s): %s\n", d.ID, anchor(d.Section), strings.ReplaceAll(d.Text, `\|`, "|"))
	}
	slices.Sort(missing)
	return out.String(), slices.Compact(missing)
}

const pageHead = `# What is compared

Generated from the differential scripts in ` + "`e2e/testdata/diff`" + ` (see ` + "`e2e/README.md`" + `). Each of them runs its command lines
through upstream's program of a release and through ours, told by ` + "`--compat`" + ` to print as that release, each on a fresh
server of that release, and compares stdout and exit code byte for byte, and of a failure the error. On 3.7 ours is not
told, and only the borders of tables differ; scripts with tables run once more with ` + "`--compat 3.7`" + `, and nothing differs.

- **identical**: the same bytes, the same exit code.
- **additive**: upstream refuses the format, ours prints it.
- **ours alone**: that release has no such command.
- an id such as **C-017**: ours differs on purpose in some cases, as that row of [compat.md](compat.md) says.
`

// table writes the rows of one program and release and returns its empty cells.
func (m *Matrix) table(out *strings.Builder, all map[cell]verdicts, prog, line string, has []Command) []string {
	var empty []string
	fmt.Fprintf(out, "| command | %s |\n|%s\n", strings.Join(formats(), " | "), strings.Repeat(" --- |", len(formats())+1))
	for _, c := range m.commands {
		name, ok := strings.CutPrefix(string(c), prog+" ")
		if !ok {
			continue
		}
		fmt.Fprintf(out, "| `%s` |", name)
		for _, format := range formats() {
			at := cell{command: string(c), format: format, run: line}
			text := ""
			if len(all[at]) > 0 {
				text = show(join(all[at], all[at.secure()]))
			}
			if text == "" && !slices.Contains(has, c) {
				text = "ours alone"
			}
			if text == "" {
				empty = append(empty, fmt.Sprintf("a comparison of %s -w %s on %s", c, format, line))
			}
			fmt.Fprintf(out, " %s |", text)
		}
		out.WriteByte('\n')
	}
	return empty
}

// used returns the rows that the cells name, in the order of their page, and the ids that no row has.
func (m *Matrix) used(all map[cell]verdicts) (rows []Deviation, lost []string) {
	named := make(map[string]bool)
	for _, said := range all {
		for v := range said {
			if v != verdictIdentical && v != verdictAdditive {
				named[v] = true
			}
		}
	}
	for _, r := range m.rows.rows {
		if named[r.ID] {
			rows = append(rows, r)
			delete(named, r.ID)
		}
	}
	return rows, slices.Sorted(maps.Keys(named))
}

// show lists verdicts, the ids of rows last.
func show(said verdicts) string {
	var parts []string
	for _, v := range []string{verdictIdentical, verdictAdditive} {
		if said[v] {
			parts = append(parts, v)
		}
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(said)), func(v string) bool { return slices.Contains(parts, v) })
	return strings.Join(append(parts, ids...), ", ")
}

// anchor is what a heading is called in a link.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}
