package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A command line gets the whole tree unless it certainly names one command.
func TestAddCommands(t *testing.T) {
	t.Parallel()
	entry := func(name string) Entry[string] {
		return NewEntry(name, "", func(string) *cobra.Command { return &cobra.Command{Use: name + " KEY"} })
	}
	all := []Entry[string]{entry("get"), entry("put"), entry("get-all")}
	for _, tt := range []struct {
		args string
		want string
	}{
		{"", "get get-all put"},
		{"get", "get"},
		{"get put", "get"},
		{"ge", "get get-all put"},
		{"help get", "get get-all put"},
		{"--endpoint put get", "get"},
		{"--endpoint=put get", "get"},
		{"-w put get", "get"},
		{"-wjson get", "get get-all put"},
		{"-vw json get", "get get-all put"},
		{"--verbose put", "put"},
		{"-v put", "put"},
		{"--other put get", "get get-all put"},
		{"-- get", "get get-all put"},
		{"--endpoint", "get get-all put"},
	} {
		root := &cobra.Command{Use: "x"}
		root.PersistentFlags().String("endpoint", "", "")
		root.PersistentFlags().StringP("write-out", "w", "", "")
		root.Flags().BoolP("verbose", "v", false, "")
		AddCommands(root, "app", all, strings.Fields(tt.args))
		var got []string
		for _, c := range root.Commands() {
			got = append(got, c.Name())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: %q, want %q", tt.args, got, tt.want)
		}
	}
}
