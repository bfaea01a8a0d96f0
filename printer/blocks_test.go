package printer

import (
	"strings"
	"testing"
)

// memberTable is a table with columns of each kind.
type memberTable struct{}

func (memberTable) Table(g *Grid) {
	g.Header("name", "id", "size", "peers", "note")
	g.Row("m1", "8211f1d0f64f3269", "25 kB", "http://10.0.0.1:2380", "")
	g.Row("member2", "91bc3c398fb3c146", "1.2 GB", "http://10.0.0.2:2380\nhttp://[fd00::2]:2380", "é")
}

func TestTableOnTerminal(t *testing.T) {
	t.Parallel()
	const table = `
+---------+------------------+--------+-----------------------+------+
|  NAME   |        ID        |  SIZE  |         PEERS         | NOTE |
+---------+------------------+--------+-----------------------+------+
| m1      | 8211f1d0f64f3269 |  25 kB | http://10.0.0.1:2380  |      |
| member2 | 91bc3c398fb3c146 | 1.2 GB | http://10.0.0.2:2380  | é    |
|         |                  |        | http://[fd00::2]:2380 |      |
+---------+------------------+--------+-----------------------+------+
`
	const blocks = `
NAME   m1
ID     8211f1d0f64f3269
SIZE   25 kB
PEERS  http://10.0.0.1:2380

NAME   member2
ID     91bc3c398fb3c146
SIZE   1.2 GB
PEERS  http://10.0.0.2:2380
       http://[fd00::2]:2380
NOTE   é
`
	for _, tc := range []struct {
		width int
		want  string
	}{{0, table}, {71, table}, {70, table}, {69, blocks}, {20, blocks}} {
		var out strings.Builder
		p, err := New(&out, "table", Options{Terminal: true, Width: tc.width})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(memberTable{}); err != nil {
			t.Fatal(err)
		}
		if got := "\n" + out.String(); got != tc.want {
			t.Errorf("width %d:%s", tc.width, got)
		}
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]bool{
		"": true, "0": true, "-1": true, "12": true, "3.4 MB": true, "17%": true, "250ms": true, "1,024": true, "3.6.16": true,
		"a": false, "8211f1d0f64f3269": false, "-": false, "http://10.0.0.1:2380": false, "true": false, "12/34": false, "1h2m": false,
	} {
		if got := amount(cell); got != want {
			t.Errorf("%q: %v", cell, got)
		}
	}
}
