package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// KeepAbbreviations makes the tree accept each abbreviation of a command that
// is unique in one of the releases, with that release's meaning, whatever other
// commands the tree has. If releases differ, the first one counts. A release is
// its list of commands: a line for each command of the root, followed by its
// subcommands. The tree must be complete.
func KeepAbbreviations(root *cobra.Command, releases ...string) {
	for _, release := range releases {
		var names []string
		for line := range strings.Lines(release) {
			words := strings.Fields(line)
			if len(words) == 0 {
				continue
			}
			names = append(names, words[0])
			if parent := subcommand(root, words[0]); parent != nil {
				keepAbbreviations(parent, words[1:])
			}
		}
		keepAbbreviations(root, names)
	}
}

// keepAbbreviations adds an alias for each unique abbreviation of the names that
// is not unique among the subcommands of parent.
func keepAbbreviations(parent *cobra.Command, names []string) {
	for _, name := range names {
		c := subcommand(parent, name)
		if c == nil {
			continue
		}
		for n := 1; n < len(name); n++ {
			short := name[:n]
			if count(names, short) == 1 && subcommand(parent, short) == nil && candidates(parent, short) > 1 {
				c.Aliases = append(c.Aliases, short)
			}
		}
	}
}

// count returns how many of the names begin with a prefix.
func count(names []string, prefix string) (n int) {
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// candidates returns how many subcommands cobra takes into account for an
// abbreviation.
func candidates(parent *cobra.Command, short string) (n int) {
	for _, c := range parent.Commands() {
		if count(append([]string{c.Name()}, c.Aliases...), short) > 0 {
			n++
		}
	}
	return n
}

// subcommand returns the subcommand with a name or alias, or nil.
func subcommand(parent *cobra.Command, name string) *cobra.Command {
	all := parent.Commands()
	i := slices.IndexFunc(all, func(c *cobra.Command) bool { return c.Name() == name || c.HasAlias(name) })
	if i < 0 {
		return nil
	}
	return all[i]
}
