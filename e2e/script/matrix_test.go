package script

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func testCommands() []Command {
	return []Command{"etcdctl endpoint health", "etcdctl get", "etcdctl help", "etcdctl member add", "etcdctl member list",
		"etcdctl move-leader", "etcdutl snapshot status"}
}

func TestCommandOf(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"etcdctl get a":                         "etcdctl get",
		"etcdctl --endpoints a:1,b:2 get a":     "etcdctl get",
		"etcdctl --endpoints=a:1 -w json get a": "etcdctl get",
		"etcdctl --debug member list":           "etcdctl member list",
		"etcdctl mem l":                         "etcdctl member list",
		"etcdctl m list":                        "", // member or move-leader
		"etcdctl member nosuch":                 "",
		"etcdctl nosuch get":                    "",
		"etcdctl member":                        "",
		"etcdctl":                               "",
		"etcdctl get --help":                    "etcdctl help",
		"etcdctl help get":                      "etcdctl help",
		"etcdctl get -- --help":                 "etcdctl get",
		"etcdutl snapshot status f -w json":     "etcdutl snapshot status",
		"sh -c etcdctl":                         "",
	} {
		if got := commandOf(strings.Fields(line), testCommands()); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func TestOffered(t *testing.T) {
	t.Parallel()
	got := offered([]byte("add\tAdds a member\nlist\n--data-dir\tneeded\n:4\n"))
	if strings.Join(got, " ") != "add list" {
		t.Errorf("got %q", got)
	}
}

const testHead = "| id | what | upstream | here | why |\n| --- | --- | --- | --- | --- |\n"

const testRows = "# Differences\n\n## Output here\n\n" + testHead + "| C-003 | help | theirs | `ours` | |\n\n## More\n\n" + testHead +
	"| C-001 | a \\| in `-w` | a | b | |\n"

func testRowsOf(t *testing.T) Deviations {
	t.Helper()
	d, err := rowsOf(t, testRows)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func rowsOf(t *testing.T, text string) (Deviations, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "compat.md")
	writeFile(t, path, text, 0o644)
	return ReadDeviations(path)
}

func TestDeviations(t *testing.T) {
	t.Parallel()
	d := testRowsOf(t)
	if want := []Deviation{{"C-003", "help", "Output here"}, {"C-001", `a \| in ` + "`-w`", "More"}}; !slices.Equal(d.rows, want) {
		t.Errorf("got %q, want %q", d.rows, want)
	}
	for text, piece := range map[string]string{
		testHead + "| C-001 | a | b | c | |\n| C-001 | d | e | f | |\n": "two rows have the id C-001",
		testHead + "| a | b | c | |\n":                                  `"a" needs an id`,
		testHead + "| C-1 | a | b | c | |\n":                            `"C-1" needs an id`,
	} {
		if _, err := rowsOf(t, text); err == nil || !strings.Contains(err.Error(), piece) {
			t.Errorf("%q: got %v, want %s", text, err, piece)
		}
	}
	file := filepath.Join(t.TempDir(), "x.txtar")
	writeFile(t, file, "deviates stdout C-003\n[secure] [ref:3.5] deviates stdout exit C-002\ndeviates exit old\n", 0o644)
	unknown, err := d.Unknown([]string{file})
	if want := []string{"C-002 of x.txtar", "old of x.txtar"}; err != nil || !slices.Equal(unknown, want) {
		t.Errorf("got %q (%v), want %q", unknown, err, want)
	}
}

const testScript = `
releases 3.6 3.7
cluster
etcdctl get a
deviates stdout exit error C-002
etcdctl get a -w table # every format
! etcdctl get -w json
[secure] deviates stdout C-003
[secure] ! etcdctl get a -w fields
[ref:3.7] deviates error C-012
[ref:3.7] ! etcdctl get --nosuch
etcdctl help > 'a b'
etcdctl member add 'it''s' &w&
pty d etcdctl move-leader
env ETCDCTL_WRITE_OUT=json
[!ref:3.7+] deviates stdout C-003
[!ref:3.7+] collect w
[ref:3.7+] collect w
sh -c 'etcdctl endpoint health'
etcdctl member
`

func TestMatrix(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.txtar")
	writeFile(t, file, testScript, 0o644)
	m, err := testEngine(t).ReadMatrix([]string{file}, testCommands(), testRowsOf(t))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for c, said := range m.cells {
		got = append(got, fmt.Sprintf("%s -w %s on %s: %s", c.command, c.format, c.run, show(said)))
	}
	slices.Sort(got)
	var want []string
	for _, run := range []string{"3.6", "3.6-secure", "3.7", "3.7-secure"} {
		member, get := "identical", "identical"
		if strings.HasPrefix(run, "3.6") {
			member = "C-003"
		} else {
			get = "identical, C-012"
		}
		want = append(want,
			"etcdctl get -w simple on "+run+": "+get,
			"etcdctl get -w table on "+run+": additive",
			"etcdctl help -w simple on "+run+": identical",
			"etcdctl member add -w json on "+run+": "+member,
			"etcdctl move-leader -w simple on "+run+": identical")
		if strings.HasSuffix(run, "secure") {
			want = append(want, "etcdctl get -w fields on "+run+": C-003")
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMatrixPage(t *testing.T) {
	t.Parallel()
	commands := []Command{"etcdctl get", "etcdctl help"}
	m := &Matrix{commands: commands, rows: testRowsOf(t), cells: map[cell]verdicts{
		{"etcdctl get", "simple", "3.7"}:        {"identical": true, "C-012": true},
		{"etcdctl get", "table", "3.7"}:         {"additive": true},
		{"etcdctl get", "table", "3.7-secure"}:  {"C-003": true},
		{"etcdctl help", "simple", "3.7"}:       {"C-003": true},
		{"etcdctl get", "simple", "3.6"}:        {"identical": true},
		{"etcdctl get", "simple", "3.6-secure"}: {"identical": true},
	}}
	page, missing := m.Page(map[string][]Command{"3.7": commands, "3.6": {"etcdctl get"}})
	_, tables, _ := strings.Cut(page, "\n## ")
	const head = "| command | simple | json | table | fields | protobuf |\n| --- | --- | --- | --- | --- | --- |\n"
	want := "etcdctl 3.7\n\n" + head + "| `get` | identical, C-012 |  | additive, C-003 |  |  |\n| `help` | C-003 |  |  |  |  |\n" +
		"\n## etcdctl 3.6\n\n" + head + "| `get` | identical |  |  |  |  |\n| `help` | ours alone | ours alone | ours alone | ours alone | ours alone |\n" +
		"\n## etcdutl 3.7\n\n" + head + "\n## etcdutl 3.6\n\n" + head + "\n## Deviations\n\n- [C-003](compat.md#output-here): help\n"
	if tables != want {
		t.Errorf("got\n%s\nwant\n%s", tables, want)
	}
	for _, piece := range []string{"etcdctl get -w simple on 3.7-secure", "etcdctl get -w json on 3.6", "etcdctl help -w json on 3.7"} {
		if !slices.Contains(missing, "a comparison of "+piece) {
			t.Errorf("nothing says that %s is missing: %q", piece, missing)
		}
	}
	const onSecure, on37, on36 = 1, 3 + 4, 4
	if len(missing) != onSecure+on37+on36 {
		t.Errorf("missing: %q", missing)
	}
}

func TestRuns(t *testing.T) {
	t.Parallel()
	e := testEngine(t)
	dir := t.TempDir()
	for text, want := range map[string]string{
		"etcdctl version\n":                  "3.5 3.6 3.7",
		"releases 3.7\ncluster -members 3\n": "3.7 3.7-secure",
		"releases 3.7\n[ref:3.5] cluster -name a -- --auth-token=simple\n": "3.7 3.7-secure",
		"releases 3.7\nplainonly 'a reason'\ncluster\n":                    "3.7",
		"releases 3.7\ncluster -auth\ncluster -name b -client-cert-auth\n": "3.7",
		"releases 3.5 3.6\ncluster\n":                                      "3.5 3.5-secure 3.6 3.6-secure",
		"v2\ncluster\n":                                                    "3.5",
		"# one\nreleases 3.6 3.7\netcdctl version\n":                       "3.6 3.7",
		"etcdctl version\n-- file --\nreleases 3.6 3.7\n":                  "3.5 3.6 3.7",
		"releases 3.4\n": "error",
	} {
		file := filepath.Join(dir, "x.txtar")
		writeFile(t, file, text, 0o644)
		runs, err := e.Runs(file)
		got := make([]string, 0, len(runs))
		for _, r := range runs {
			got = append(got, r.String())
		}
		if err != nil {
			got = []string{"error"}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %v (%v), want %s", text, got, err, want)
		}
	}
}

func TestCondition(t *testing.T) {
	t.Parallel()
	st := &state{eng: testEngine(t), line: "3.6"}
	for cond, want := range map[string]bool{
		"ref:3.5": false, "ref:3.6": true, "ref:3.7": false, "ref:3.5+": true, "ref:3.6+": true, "ref:3.7+": false,
	} {
		if got, err := st.condition(cond); err != nil || got != want {
			t.Errorf("[%s]: got %v, %v", cond, got, err)
		}
	}
	for _, cond := range []string{"ref:3.4", "ref:", "release:3.5"} {
		if _, err := st.condition(cond); err == nil {
			t.Errorf("[%s] was accepted", cond)
		}
	}
}
