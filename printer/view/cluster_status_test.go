package view

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"etcdkit/printer"
)

// However long names and errors are, a status has no line wider than 80
// columns, except for the commands, which are to be copied.
func TestClusterStatusWidth(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ünïcödé", 30)
	s := ClusterStatus{
		Revision: 1 << 60, Voters: 7, Up: 3, Quorum: 4, Alarms: []string{"NOSPACE: " + long},
		Members: []MemberStatus{
			{Name: long, Leader: true, Up: true, Version: "3.10.100-rc.1", Size: 999e12, InUse: 999e12, Quota: 1e15, Lag: 123456789012, Health: long},
			{Name: long, Learner: true, Health: "down: " + long},
			{Name: "m3", Up: true, Version: "3.7.3", Size: 20480, InUse: 12288, Quota: 2 << 30, Health: "no leader"},
		},
		Next: []Finding{{Check: "x", Severity: "error", Members: []string{long}, Evidence: long, Command: "etcdctl " + long}},
	}
	var out bytes.Buffer
	p, err := printer.New(&out, "simple", printer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Print(s); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width && !strings.HasPrefix(line, "  $ ") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	const row = "  m3                 3.7.3    20 kB/2.1 GB 0%     12 kB      0 no leader\n"
	if !strings.Contains(out.String(), row) {
		t.Errorf("no line %q in\n%s", row, out.String())
	}
}
