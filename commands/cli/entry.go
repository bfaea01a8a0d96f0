package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Entry is a command of a root that can be built.
type Entry[App any] struct {
	name, group string
	build       func(App) *cobra.Command
}

// NewEntry returns the entry of a command that has the given name, and belongs to
// the group with the given ID in the help.
func NewEntry[App any](name, group string, build func(App) *cobra.Command) Entry[App] {
	return Entry[App]{name, group, build}
}

// AddCommands adds to a root, which has its flags, the commands that the given
// arguments need: the one that they name, or all. Building the whole tree takes
// longer than most requests.
func AddCommands[App any](root *cobra.Command, app App, all []Entry[App], args []string) {
	word := firstWord(root, args)
	if i := slices.IndexFunc(all, func(e Entry[App]) bool { return e.name == word }); i >= 0 {
		all = all[i : i+1]
	}
	for _, e := range all {
		c := e.build(app)
		if c.Name() != e.name {
			panic(c.Name() + " is entered as " + e.name)
		}
		c.GroupID = e.group
		root.AddCommand(c)
	}
}

// firstWord returns the first argument that is neither a flag of the root nor the
// value of one, or "" if there is none or a flag is unknown.
func firstWord(root *cobra.Command, args []string) string {
	for i := 0; i < len(args); i++ {
		if len(args[i]) < 2 || args[i][0] != '-' {
			return args[i]
		}
		name, _, hasValue := strings.Cut(args[i], "=")
		f := rootFlag(root, name)
		if f == nil {
			return ""
		}
		if !hasValue && f.NoOptDefVal == "" {
			i++
		}
	}
	return ""
}

// rootFlag returns the flag of a root that is written as -n or --name, or nil.
func rootFlag(root *cobra.Command, written string) *pflag.Flag {
	for _, fs := range []*pflag.FlagSet{root.PersistentFlags(), root.Flags()} {
		var f *pflag.Flag
		if name, long := strings.CutPrefix(written, "--"); long {
			f = fs.Lookup(name)
		} else if len(written) == 2 {
			f = fs.ShorthandLookup(written[1:])
		}
		if f != nil {
			return f
		}
	}
	return nil
}
