package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// A Topic is a page of the documentation that "help NAME" prints.
type Topic struct {
	Name string
	Page func() string // in Markdown
}

// HelpTopics makes the help command of a tree print pages as well. If a command
// has the name of a page, the page follows its help.
func HelpTopics(root *cobra.Command, topics ...Topic) {
	root.InitDefaultHelpCmd()
	all := root.Commands()
	help := all[slices.IndexFunc(all, func(c *cobra.Command) bool { return c.Name() == "help" })]
	var names []string
	for _, t := range topics {
		names = append(names, t.Name)
	}
	help.Long += "\n\nTopics: " + strings.Join(names, ", ") + "."
	help.Example = "  " + root.Name() + " help version\n  " + root.Name() + " help " + names[0]
	usual, complete := help.Run, help.ValidArgsFunction
	help.Run = func(cmd *cobra.Command, args []string) {
		i := -1
		if len(args) == 1 {
			i = slices.Index(names, args[0])
		}
		if found, _, err := root.Find(args); i < 0 || err == nil && found != root {
			usual(cmd, args)
		}
		if i >= 0 {
			out := cmd.OutOrStdout()
			fmt.Fprint(out, page(topics[i].Page(), helpColumns(out)))
		}
	}
	help.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		found, directive := complete(cmd, args, word)
		for _, name := range names {
			known := slices.ContainsFunc(found, func(c cobra.Completion) bool { return strings.HasPrefix(c, name+"\t") })
			if len(args) == 0 && strings.HasPrefix(name, word) && !known {
				found = append(found, name)
			}
		}
		return found, directive
	}
}

// helpColumns is how wide help may be: as a terminal, up to what is easy to read,
// and otherwise as a usual one.
func helpColumns(out io.Writer) int {
	if tty, ok := helpTerminal(out); ok {
		return min(columns(tty), 100)
	}
	return 80
}

// fit breaks the lines of a help text that are longer than a terminal is wide.
// Examples stay as they are, to be copied.
func fit(text string, columns int) string {
	described := regexp.MustCompile(`^ +\S.*?  +`) // a line of a list, up to its description
	var out strings.Builder
	example := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line != "" && line[0] != ' ' {
			example = line == "Examples:"
		}
		if example || len(line) <= columns {
			out.WriteString(line + "\n")
			continue
		}
		indent := len(described.FindString(line))
		if indent == 0 {
			indent = len(line) - len(strings.TrimLeft(line, " "))
		}
		if indent > columns/2 {
			indent = 4
		}
		out.WriteString(wrap(line, indent, columns))
	}
	return out.String()
}
