package printer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// tableView is a table of given cells.
type tableView struct {
	header []string
	rows   [][]string
}

func (v tableView) Table(g *Grid) {
	g.Header(v.header...)
	for _, r := range v.rows {
		g.Row(r...)
	}
}

// upstream draws the table with the library that upstream uses.
func (v tableView) upstream(t *testing.T, style tw.BorderStyle) string {
	t.Helper()
	var out bytes.Buffer
	table := tablewriter.NewTable(&out,
		tablewriter.WithRowAlignment(tw.AlignRight),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{Symbols: tw.NewSymbols(style)})),
	)
	table.Header(v.header)
	for _, r := range v.rows {
		if err := table.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Render(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func (v tableView) ours(t *testing.T, release string) string {
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

func TestTableAsUpstream(t *testing.T) {
	t.Parallel()
	header := []string{"endpoint", "hash_revision", "Is Learner"}
	tests := map[string]tableView{
		"plain":      {header, [][]string{{"127.0.0.1:2379", "42", "false"}, {"a", "", "true"}}},
		"no rows":    {header, nil},
		"wide runes": {header, [][]string{{"日本語", "é", "🙂"}, {"e\u0301", "ﬁ", "한"}}},
		"lines":      {header, [][]string{{"a\nbb\nccc", "1", "x\n"}, {"", "\n", "y"}}},
		"long words": {header, [][]string{{"the quick brown fox jumps over the lazy dog, again and again and again", "1", "2"}}},
		"even":       {[]string{"abc", "abcd"}, [][]string{{"1234567", "1234567"}}},
		"spaces":     {header, [][]string{{"  lead", "trail  ", "in  side"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, want := tt.ours(t, ""), tt.upstream(t, tw.StyleASCII); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if got, want := tt.ours(t, "3.7"), tt.upstream(t, tw.StyleLight); got != want {
				t.Errorf("for 3.7: got\n%swant\n%s", got, want)
			}
		})
	}
}

func TestRandomTablesAsUpstream(t *testing.T) {
	t.Parallel()
	letters := []rune("abcXYZ019 _-./:,é日🙂")
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		word := func(n int) string {
			b := make([]rune, r.IntN(n))
			for i := range b {
				b[i] = letters[r.IntN(len(letters))]
			}
			return string(b)
		}
		v := tableView{}
		columns := 1 + r.IntN(5)
		for i := range columns {
			v.header = append(v.header, fmt.Sprintf("%c %s", 'a'+i, []string{"raft term", "hash_revision", "ID"}[r.IntN(3)]))
		}
		for range 1 + r.IntN(6) {
			row := make([]string, columns)
			for i := range row {
				row[i] = word(24)
			}
			v.rows = append(v.rows, row)
		}
		if got, want := v.ours(t, ""), v.upstream(t, tw.StyleASCII); got != want {
			t.Fatalf("seed %d: got\n%swant\n%s", seed, got, want)
		}
	}
}

// 3.5 and 3.6 draw the rule below the header even where no row follows.
func TestEmptyTableOfEarlierReleases(t *testing.T) {
	t.Parallel()
	v := tableView{header: []string{"ID", "name"}}
	want := "+----+------+\n| ID | NAME |\n+----+------+\n+----+------+\n"
	for _, r := range []string{"3.5", "3.6"} {
		if got := v.ours(t, r); got != want {
			t.Errorf("release %s: got\n%swant\n%s", r, got, want)
		}
	}
}
