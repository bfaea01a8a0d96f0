package script

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Deviation is a row of the page of differences.
type Deviation struct {
	What    string // its first column, without backticks
	Text    string // the same in markdown
	Section string // the heading it stands under
}

// Deviations are all rows of the page, in their order.
type Deviations struct {
	path string
	rows []Deviation
}

// ReadDeviations reads the tables of the page at path.
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
		cells := regexp.MustCompile(`^\| ((?:[^|\\]|\\.)*?) \|`).FindStringSubmatch(line)
		if cells == nil || cells[1] == "what" || strings.HasPrefix(cells[1], "---") {
			continue
		}
		text := strings.ReplaceAll(cells[1], `\|`, "|")
		d.rows = append(d.rows, Deviation{strings.ReplaceAll(text, "`", ""), text, section})
	}
	return d, nil
}

// name returns the first column of the row that a reason begins with, the longest of several, or the reason where none
// does.
func (d Deviations) name(reason string) string {
	best := ""
	for _, r := range d.rows {
		rest, ok := strings.CutPrefix(reason, r.What)
		if ok && (rest == "" || !isWord(rest[0])) && len(r.What) > len(best) {
			best = r.What
		}
	}
	return cmp.Or(best, reason)
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
	for _, row := range lost {
		missing = append(missing, fmt.Sprintf("a row of %s for %q", m.rows.path, row))
	}
	var out strings.Builder
	out.WriteString(pageHead)
	for _, prog := range []string{"etcdctl", "etcdutl"} {
		for _, line := range slices.Backward(slices.Sorted(maps.Keys(has))) {
			fmt.Fprintf(&out, "\n## %s %s\n\n", prog, line)
			missing = append(missing, m.table(&out, all, used, prog, line, has[line])...)
		}
	}
	missing = append(missing, m.secureTable(&out, all, has)...)
	fmt.Fprintf(&out, "\n## Deviations\n\n")
	for i, d := range used {
		fmt.Fprintf(&out, "%d. [%s](compat.md#%s)\n", i+1, d.Text, anchor(d.Section))
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
- a number: in some cases ours differs on purpose; the list at the end names the row of [compat.md](compat.md).
`

// table writes the rows of one program and release and returns its empty cells.
func (m *Matrix) table(out *strings.Builder, all map[cell]verdicts, used []Deviation, prog, line string, has []Command) []string {
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
				text = show(join(all[at], all[at.secure()]), used)
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

// used returns the rows that the cells name, in the order of their page, and the names of those that are not there.
func (m *Matrix) used(all map[cell]verdicts) (rows []Deviation, lost []string) {
	named := make(map[string]bool)
	for _, said := range all {
		for v := range said {
			if what, ok := strings.CutPrefix(v, verdictDeviates); ok {
				named[what] = true
			}
		}
	}
	for _, r := range m.rows.rows {
		if named[r.What] {
			rows = append(rows, r)
			delete(named, r.What)
		}
	}
	return rows, slices.Sorted(maps.Keys(named))
}

func show(said verdicts, used []Deviation) string {
	var parts []string
	for _, v := range []string{verdictIdentical, verdictAdditive} {
		if said[v] {
			parts = append(parts, v)
		}
	}
	for i, d := range used {
		if said[verdictDeviates+d.What] {
			parts = append(parts, fmt.Sprintf("[%d](#deviations)", i+1))
		}
	}
	return strings.Join(parts, ", ")
}

// anchor is what a heading is called in a link.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}
