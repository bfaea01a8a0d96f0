package ctl

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
)

// said runs a tree made for one line with another one, and returns all that
// it says.
func said(t *testing.T, made, line []string) string {
	t.Helper()
	var out, errs bytes.Buffer
	s := cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
	code := cli.Program{Root: newRoot(s, made), Streams: s}.Main(t.Context(), line)
	return strings.Join([]string{strconv.Itoa(int(code)), out.String(), errs.String()}, "\n--\n")
}

// A command says the same whether it stands alone or among all others.
func TestCommandAlone(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{}
	for _, e := range entries(root) {
		cmd := e.build(&app{})
		if cmd.Name() != e.name {
			t.Errorf("%s is called %s", cmd.Name(), e.name)
		}
		lines := [][]string{{e.name, "--help"}, {e.name, "-h", "--no-such-flag"}, {e.name, "--no-such-flag"}, {"--debug", e.name, "--help"}, {e.name, "-w", "no-such-format"}}
		if cmd.HasSubCommands() {
			lines = append(lines, []string{e.name}, []string{e.name, "no-such-word"}, []string{e.name, "help"})
		}
		for _, sub := range cmd.Commands() {
			lines = append(lines, []string{e.name, sub.Name(), "--help"}, []string{e.name, sub.Name(), "--no-such-flag"})
		}
		for _, line := range lines {
			if got, want := said(t, []string{e.name}, line), said(t, nil, line); got != want {
				t.Errorf("%q: %s\nwant %s", line, got, want)
			}
		}
	}
}

// A tree is made for the one command that the line begins with, as long as that
// is sure.
func TestWanted(t *testing.T) {
	t.Parallel()
	all := entries(&cobra.Command{})
	tests := []struct {
		line string
		want int
	}{
		{"", len(all)},
		{"put k v", 1},
		{"put --help", 1},
		{"version", 1},
		{"pu k v", len(all)},
		{"--debug put k v", len(all)},
		{"completion bash", len(all)},
		{"__complete put", len(all)},
		{"help put", len(all)},
		{"-- put", len(all)},
	}
	for _, tt := range tests {
		if got := wanted(all, strings.Fields(tt.line)); len(got) != tt.want || tt.want == 1 && got[0].name != strings.Fields(tt.line)[0] {
			t.Errorf("%q: %d commands, want %d", tt.line, len(got), tt.want)
		}
	}
}
