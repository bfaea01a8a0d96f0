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
	Text    string // the subject of the row, in markdown
	Section string // the heading of its table
}

// Deviations are all rows of the page, in their order.
type Deviations struct {
	path string
	rows []Deviation
}

// ReadDeviations reads the tables of the page at path. Every row begins with a
// unique id.
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

// Page formats the matrix as a markdown page and lists what is missing: cells
// that no script fills, ids that no row has. has lists for each release line
// the commands of its programs.
func (m *Matrix) Page(has map[string][]Command) (page string, missing []string) {
	var out strings.Builder
	out.WriteString(pageHead)
	for _, prog := range []string{"etcdctl", "etcdutl"} {
		for _, line := range slices.Backward(slices.Sorted(maps.Keys(has))) {
			fmt.Fprintf(&out, "\n## %s %s\n\n", prog, line)
			missing = append(missing, m.table(&out, prog, line, has[line])...)
		}
	}
	named := make(verdicts)
	for _, said := range m.cells {
		maps.Copy(named, said)
	}
	fmt.Fprintf(&out, "\n## Deviations\n\n")
	for _, d := range m.rows.rows {
		if named[d.ID] {
			fmt.Fprintf(&out, "- [%s](compat.md#%s): %s\n", d.ID, anchor(d.Section), strings.ReplaceAll(d.Text, `\|`, "|"))
		}
	}
	return out.String(), missing
}

const pageHead = `# What is compared

Generated from the differential scripts in ` + "`e2e/testdata/diff`" + ` (see ` + "`e2e/README.md`" + `). Each script runs its command lines
through upstream's program of a release and through ours with ` + "`--compat`" + ` set to that release, each on a fresh server of that
release, and compares stdout and exit code byte for byte, and the error of a failure. On 3.7 ours runs without ` + "`--compat`" + `, and
only the borders of tables differ; scripts with tables run once more with ` + "`--compat 3.7`" + `, and nothing differs.

Every command that asks a server is compared in the same formats on a cluster of three members with TLS, client certificates and a
login.

- **identical**: the same bytes, the same exit code.
- **additive**: upstream refuses the format, ours prints it.
- **ours alone**: that release has no such command.
- an id such as **C-017**: ours differs on purpose in some cases, as that row of [compat.md](compat.md) says.
`

// table writes the rows of one program and release and returns the missing
// cells.
func (m *Matrix) table(out *strings.Builder, prog, line string, has []Command) (missing []string) {
	fmt.Fprintf(out, "| command | %s |\n|%s\n", strings.Join(formats(), " | "), strings.Repeat(" --- |", len(formats())+1))
	for _, c := range m.commands {
		name, ok := strings.CutPrefix(string(c), prog+" ")
		if !ok {
			continue
		}
		fmt.Fprintf(out, "| `%s` |", name)
		for _, format := range formats() {
			at := cell{command: string(c), format: format, run: line}
			text := show(m.of(at))
			switch {
			case text == "" && !slices.Contains(has, c):
				text = "ours alone"
			case text == "":
				missing = append(missing, fmt.Sprintf("a comparison of %s -w %s on %s", c, format, line))
			case len(m.cells[at.secure()]) == 0 && slices.Contains(has, c) && asksServer(c):
				missing = append(missing, fmt.Sprintf("a comparison of %s -w %s on %s", c, format, at.secure().run))
			}
			fmt.Fprintf(out, " %s |", text)
		}
		out.WriteByte('\n')
	}
	return missing
}

// asksServer reports whether a command needs a server.
func asksServer(c Command) bool {
	return strings.HasPrefix(string(c), "etcdctl ") && !slices.Contains([]Command{"etcdctl completion", "etcdctl help",
		"etcdctl options", "etcdctl snapshot restore", "etcdctl snapshot status", "etcdctl version"}, c)
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

// anchor is the link target of a heading.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}
