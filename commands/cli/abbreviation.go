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
	top, below := namesOf(root), map[*cobra.Command]*subcommands{}
	for _, release := range releases {
		var names []string
		for line := range strings.Lines(release) {
			words := strings.Fields(line)
			if len(words) == 0 {
				continue
			}
			names = append(names, words[0])
			parent := top.find(words[0])
			if parent == nil {
				continue
			}
			if below[parent] == nil {
				below[parent] = namesOf(parent)
			}
			below[parent].keep(words[1:])
		}
		top.keep(names)
	}
}

// subcommands are the subcommands of a command with their names, of which a
// cobra.Command makes each anew.
type subcommands struct {
	all   []*cobra.Command
	names [][]string // of each: name and aliases
}

func namesOf(parent *cobra.Command) *subcommands {
	s := &subcommands{all: parent.Commands()}
	for _, c := range s.all {
		s.names = append(s.names, append([]string{c.Name()}, c.Aliases...))
	}
	return s
}

// keep adds an alias for each unique abbreviation of the names that is not unique
// among the subcommands.
func (s *subcommands) keep(names []string) {
	for _, name := range names {
		i := s.index(name)
		if i < 0 {
			continue
		}
		for n := 1; n < len(name); n++ {
			short := name[:n]
			if count(names, short) == 1 && s.index(short) < 0 && s.candidates(short) > 1 {
				s.all[i].Aliases = append(s.all[i].Aliases, short)
				s.names[i] = append(s.names[i], short)
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
func (s *subcommands) candidates(short string) (n int) {
	for _, names := range s.names {
		if count(names, short) > 0 {
			n++
		}
	}
	return n
}

// index returns the place of the subcommand with a name or alias, or -1.
func (s *subcommands) index(name string) int {
	return slices.IndexFunc(s.names, func(names []string) bool { return slices.Contains(names, name) })
}

// find returns the subcommand with a name or alias, or nil.
func (s *subcommands) find(name string) *cobra.Command {
	if i := s.index(name); i >= 0 {
		return s.all[i]
	}
	return nil
}
