package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// An abbreviation keeps the meaning that the first release gives it, whatever
// other commands there are.
func TestKeepAbbreviations(t *testing.T) {
	t.Parallel()
	EnablePrefixMatching()
	tests := []struct {
		name     string
		commands string // paths
		releases []string
		want     map[string]string // path by abbreviation; "" is the root
	}{
		{"an added command", "role,report,restore", []string{"role"}, map[string]string{"r": "role", "ro": "role", "re": "", "rep": "report"}},
		{"an added subcommand", "snapshot,snapshot save,snapshot scan,sync", []string{"snapshot save"}, map[string]string{"s s": "snapshot save", "sn sa": "snapshot save", "s sc": "snapshot scan"}},
		{"a name that begins with a kept one", "get,get-all", []string{"get"}, map[string]string{"g": "get", "get": "get", "get-": "get-all"}},
		{"two releases", "compaction,completion", []string{"compaction\ncompletion", "compaction"}, map[string]string{"co": "compaction", "compl": "completion"}},
		{"releases that differ", "check,completion", []string{"completion", "check"}, map[string]string{"c": "completion", "ch": "check"}},
		{"ambiguous in the release", "defrag,del", []string{"defrag\ndel"}, map[string]string{"d": "", "def": "defrag"}},
		{"a command that is gone", "get", []string{"get\ngone"}, map[string]string{"g": "get"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := &cobra.Command{Use: "x"}
			for path := range strings.SplitSeq(tt.commands, ",") {
				words := strings.Fields(path)
				parent, _, err := root.Find(words[:len(words)-1])
				if err != nil {
					t.Fatal(err)
				}
				parent.AddCommand(&cobra.Command{Use: words[len(words)-1], Run: func(*cobra.Command, []string) {}})
			}
			KeepAbbreviations(root, tt.releases...)
			for short, want := range tt.want {
				cmd, _, _ := root.Find(strings.Fields(short))
				if got := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "x"), " "); got != want {
					t.Errorf("%q: %q, want %q", short, got, want)
				}
			}
		})
	}
}
