package ctlv2

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// takesValue marks the commands whose second argument is a value. What follows
// the key there may begin with a dash and even be the name of a global flag.
const takesValue = "value"

// goArgs turns a command line for releases up to 3.5, which follow the rules of
// Go's flag package, into one that pflag reads in the same way: long flags may
// begin with a single dash, short ones with two, a word with a dash after the
// first argument is an argument unless it is an existing flag, and -- ends the
// flags. An unknown flag before the first argument is left unchanged, so that
// pflag reports it.
func goArgs(root *cobra.Command, args []string) []string {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return args
	}
	l := line{cmd: root, dash: -1}
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			if l.cmd.HasSubCommands() && len(l.words) == 0 {
				continue // it ended the program's own flags; the command has others
			}
			l.dash = len(l.words)
			l.words = append(l.words, args[i+1:]...)
			break
		}
		if l.add(args[i], args[i+1:]) {
			i++
		}
	}
	return l.args()
}

// line is a command line that has been read up to some word.
type line struct {
	cmd   *cobra.Command // the part named so far
	names []string       // the words that named it
	flags []string       // in pflag's form
	words []string       // arguments
	dash  int            // how many of them came before --, or -1
}

// add reads one word. rest is the remaining line; used reports whether its
// first word is the value of the flag.
func (l *line) add(word string, rest []string) (used bool) {
	if !strings.HasPrefix(word, "-") || word == "-" {
		if sub := l.subcommand(word); sub != nil {
			l.cmd, l.names = sub, append(l.names, word)
		} else {
			l.words = append(l.words, word)
		}
		return false
	}
	name, value, given := strings.Cut(strings.TrimPrefix(word[1:], "-"), "=")
	f := l.flag(name)
	switch {
	case f == nil && len(l.words) == 0:
		l.flags = append(l.flags, word)
	case f == nil:
		l.words = append(l.words, word)
	case given:
		l.flags = append(l.flags, "--"+f.Name+"="+value)
	case f.NoOptDefVal != "":
		l.flags = append(l.flags, "--"+f.Name)
	case len(rest) > 0:
		l.flags = append(l.flags, "--"+f.Name+"="+rest[0])
		return true
	case len(l.words) > 0 && byName(l.cmd.Flags(), name) == nil:
		l.words = append(l.words, word) // after arguments, a global flag requires its value in order to be one
	default:
		// The value is missing, which pflag reports instead of using an
		// argument as the value.
		l.flags, l.words = append(l.flags, "--"+f.Name), nil
	}
	return false
}

// subcommand returns the command below the current one that word names, or nil.
func (l *line) subcommand(word string) *cobra.Command {
	if len(l.words) > 0 {
		return nil
	}
	var found []*cobra.Command
	for _, c := range l.cmd.Commands() {
		if c.Name() == word || c.HasAlias(word) {
			return c
		}
		if strings.HasPrefix(c.Name(), word) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// flag returns the flag of a name at this place of the line, or nil.
func (l *line) flag(name string) *pflag.Flag {
	if name == "h" || name == "help" {
		return &pflag.Flag{Name: "help", NoOptDefVal: "true"}
	}
	if f := byName(l.cmd.Flags(), name); f != nil {
		return f
	}
	if _, ok := l.cmd.Annotations[takesValue]; ok && len(l.words) == 1 {
		return nil
	}
	return byName(l.cmd.Root().PersistentFlags(), name)
}

func byName(fs *pflag.FlagSet, name string) *pflag.Flag {
	if f := fs.Lookup(name); f != nil || len(name) != 1 {
		return f
	}
	return fs.ShorthandLookup(name)
}

// args is the line for pflag. The first argument with a dash needs a -- before
// it; if there is none, the line's own -- keeps its place.
func (l *line) args() []string {
	at := slices.IndexFunc(l.words, func(w string) bool { return strings.HasPrefix(w, "-") && w != "-" })
	if l.dash >= 0 && (at < 0 || l.dash < at) {
		at = l.dash
	}
	args := slices.Concat(l.names, l.flags)
	if at < 0 {
		return append(args, l.words...)
	}
	return slices.Concat(args, l.words[:at], []string{"--"}, l.words[at:])
}
