package printer

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// tableView is a table of given cells.
type tableView struct {
	Header []string
	Rows   [][]string
}

func (v tableView) Table(g *Grid) {
	g.Header(v.Header...)
	for _, r := range v.Rows {
		g.Row(r...)
	}
}

func (v tableView) drawn(t *testing.T, release string) string {
	t.Helper()
	var out bytes.Buffer
	r, err := ParseRelease(release)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(&out, "table", Options{Release: &r})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Print(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTable(t *testing.T) {
	t.Parallel()
	header := []string{"endpoint", "hash_revision", "Is Learner"}
	for _, tt := range []struct {
		view         tableView
		ascii, boxes string
	}{
		{
			view: tableView{header, nil},
			ascii: `+----------+---------------+------------+
| ENDPOINT | HASH REVISION | IS LEARNER |
+----------+---------------+------------+
`,
			boxes: `┌──────────┬───────────────┬────────────┐
│ ENDPOINT │ HASH REVISION │ IS LEARNER │
└──────────┴───────────────┴────────────┘
`,
		},
		{
			view: tableView{header, [][]string{{"日本語", "é", "🙂"}, {"a\nbb", "  in  side ", ""}, {"the quick brown fox jumps over the lazy dog", "", ""}}},
			ascii: `+---------------------------------------------+---------------+------------+
|                  ENDPOINT                   | HASH REVISION | IS LEARNER |
+---------------------------------------------+---------------+------------+
|                                      日本語 |             é |         🙂 |
|                                           a |      in  side |            |
|                                          bb |               |            |
| the quick brown fox jumps over the lazy dog |               |            |
+---------------------------------------------+---------------+------------+
`,
			boxes: `┌─────────────────────────────────────────────┬───────────────┬────────────┐
│                  ENDPOINT                   │ HASH REVISION │ IS LEARNER │
├─────────────────────────────────────────────┼───────────────┼────────────┤
│                                      日本語 │             é │         🙂 │
│                                           a │      in  side │            │
│                                          bb │               │            │
│ the quick brown fox jumps over the lazy dog │               │            │
└─────────────────────────────────────────────┴───────────────┴────────────┘
`,
		},
	} {
		if got := tt.view.drawn(t, ""); got != tt.ascii {
			t.Errorf("got\n%swant\n%s", got, tt.ascii)
		}
		if got := tt.view.drawn(t, "3.7"); got != tt.boxes {
			t.Errorf("for 3.7: got\n%swant\n%s", got, tt.boxes)
		}
	}
}

// The file has tables as tablewriter 0.0.5 drew them, set up as 3.5 and 3.6 do:
// words are wrapped, and a table without rows has its rule twice.
func TestTableOfEarlierReleases(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/tablewriter-0.0.5.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for d := json.NewDecoder(file); d.More(); {
		var want struct {
			tableView
			Drawn string
		}
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		for _, r := range []string{"3.5", "3.6"} {
			if got := want.drawn(t, r); got != want.Drawn {
				t.Fatalf("%s: got\n%swant\n%s", r, got, want.Drawn)
			}
		}
	}
}
