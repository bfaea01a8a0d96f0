package script

import (
	"os"
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

// entryOf makes an entry of a command line that printed something.
func entryOf(line, format string, change func(*Entry)) Entry {
	e := Entry{words: strings.Fields(line), Line: line, Stdout: "out\n", format: format}
	if change != nil {
		change(&e)
	}
	return e
}

// testPair is a transcript of the reference and one of ours that a script may have.
func testPair() (ref, ours *Transcript) {
	refuses := func(e *Entry) {
		e.Stdout, e.Exit, e.Errors = "", 4, "Error: table not supported as output format\n"
		e.Deviates = map[string]string{aspectStdout: "C-002", aspectExit: "C-002", aspectError: "C-002"}
	}
	fails := func(e *Entry) { e.Stdout, e.Exit = "", 1 }
	differs := func(e *Entry) { e.Deviates = map[string]string{aspectStdout: "C-003"} }
	ref = &Transcript{Entries: []Entry{
		entryOf("etcdctl get a", "", nil),
		entryOf("etcdctl get a -w table", "table", refuses),
		entryOf("etcdctl get", "json", fails),                                            // no result
		entryOf("etcdctl get --nosuch", "", func(e *Entry) { fails(e); e.Usage = true }), // a wrong flag
		entryOf("etcdctl member", "", differs),                                           // no command
		entryOf("etcdctl help", "", differs),
		entryOf("etcdctl get a -w nosuch", "nosuch", differs), // no format
		entryOf("etcdctl member add a", "", func(e *Entry) { e.Deviates = map[string]string{aspectExit: "C-009"} }),
	}}
	ours = &Transcript{}
	for _, e := range ref.Entries {
		ours.Entries = append(ours.Entries, entryOf(e.Line, e.format, nil))
	}
	return ref, ours
}

const testCells = "one\tetcdctl get\tsimple\tC-012\t3.6 3.7\n" +
	"one\tetcdctl get\tsimple\tidentical\t3.6 3.7\n" +
	"one\tetcdctl get\ttable\tadditive\t3.6 3.7\n" +
	"one\tetcdctl help\tsimple\tC-003\t3.6 3.7\n" +
	"one\tetcdctl member add\tsimple\tC-009\t3.6 3.7\n"

const testSecureCells = "two\tetcdctl get\tsimple\tidentical\t3.6-secure 3.7-secure\n" +
	"two\tetcdctl get\ttable\tC-003\t3.7-secure\n"

func TestMatrix(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "matrix.txt")
	open := func() *Matrix {
		m, err := OpenMatrix(path, testCommands(), testRowsOf(t))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	ref, ours := testPair()
	all := func(string, string) bool { return true }

	m := open()
	if d := m.add("one", Run{Line: "3.7"}, ref, ours, false); !strings.Contains(d, "stale") {
		t.Errorf("a script that the file does not have: %q", d)
	}
	m.add("one", Run{Line: "3.7"}, ref, ours, true)
	m.add("one", Run{Line: "3.6"}, ref, ours, true)
	m.add("other", Run{Line: "3.6"}, ref, ours, true)
	if err := m.Save(all); err != nil {
		t.Fatal(err)
	}

	m = open()
	for _, line := range []string{"3.6", "3.7"} {
		if d := m.add("one", Run{Line: line}, ref, ours, false); d != "" {
			t.Errorf("%s: %s", line, d)
		}
	}
	changed := &Transcript{Entries: ref.Entries[1:]}
	if d := m.add("one", Run{Line: "3.7"}, changed, &Transcript{Entries: ours.Entries[1:]}, false); !strings.Contains(d, "'TestDiff/^one$/^3.7$' -update") {
		t.Errorf("a comparison less: %q", d)
	}

	m.add("one", Run{Line: "3.7"}, ref, ours, true)
	if err := m.Save(func(script, _ string) bool { return script != "other" }); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != testCells {
		t.Errorf("got\n%s\nwant\n%s", got, testCells)
	}
}

func TestMatrixPage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "matrix.txt")
	if err := os.WriteFile(path, []byte(testCells+testSecureCells), 0o644); err != nil {
		t.Fatal(err)
	}
	commands := []Command{"etcdctl get", "etcdctl help"}
	m, err := OpenMatrix(path, commands, testRowsOf(t))
	if err != nil {
		t.Fatal(err)
	}
	page, missing := m.Page(map[string][]Command{"3.7": commands, "3.6": {"etcdctl get"}}, func(string, string) bool { return false })
	_, tables, _ := strings.Cut(page, "\n## ")
	want := `etcdctl 3.7

| command | simple | json | table | fields | protobuf |
| --- | --- | --- | --- | --- | --- |
| ` + "`get`" + ` | identical, C-012 |  | additive, C-003 |  |  |
| ` + "`help`" + ` | C-003 |  |  |  |  |

## etcdctl 3.6

| command | simple | json | table | fields | protobuf |
| --- | --- | --- | --- | --- | --- |
| ` + "`get`" + ` | identical, C-012 |  | additive |  |  |
| ` + "`help`" + ` | C-003 | ours alone | ours alone | ours alone | ours alone |

## etcdutl 3.7

| command | simple | json | table | fields | protobuf |
| --- | --- | --- | --- | --- | --- |

## etcdutl 3.6

| command | simple | json | table | fields | protobuf |
| --- | --- | --- | --- | --- | --- |

` + strings.TrimPrefix(secureHead, "\n") + `| command | 3.7 | 3.6 |
| --- | --- | --- |
| ` + "`get`" + ` | all | simple |

## Deviations

- [C-003](compat.md#output-here): help
`
	if tables != want {
		t.Errorf("got\n%s\nwant\n%s", tables, want)
	}
	for _, piece := range []string{"a script one that runs on 3.7", "a script two that runs on 3.6-secure", "a comparison of etcdctl get -w table on 3.6-secure", "a row C-012 in", "a row C-009 in", "a comparison of etcdctl get -w json on 3.6",
		"a comparison of etcdctl help -w json on 3.7", "a comparison of etcdctl help -w fields on 3.7"} {
		if !strings.Contains(strings.Join(missing, "\n"), piece) {
			t.Errorf("nothing says that %s is missing: %q", piece, missing)
		}
	}
	const runs, rows, cells = 4, 2, 3 + 3 + 4 + 1
	if len(missing) != runs+rows+cells {
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
