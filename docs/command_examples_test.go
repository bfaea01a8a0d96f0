package docs_test

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/util"
)

// TestCommandExamples parses the command lines of the examples of every command:
// the commands and flags exist and have the values that they accept.
func TestCommandExamples(t *testing.T) {
	t.Parallel()
	lines := 0
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for line := range strings.Lines(strings.ReplaceAll(cmd.Example, "\\\n", "")) {
			for part := range strings.SplitSeq(line, "|") {
				words := exampleWords(part)
				if len(words) == 0 || words[0] != "etcdctl" && words[0] != "etcdutl" {
					continue
				}
				lines++
				parseExample(t, cmd.CommandPath(), words)
			}
		}
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(ctl.NewRoot(cli.Streams{}))
	visit(util.NewRoot(cli.Streams{}))
	if lines < 250 {
		t.Errorf("only %d lines were found", lines)
	}
}

// parseExample parses one command line on a fresh tree.
func parseExample(t *testing.T, of string, words []string) {
	t.Helper()
	root := ctl.NewRoot(cli.Streams{})
	if words[0] == "etcdutl" {
		root = util.NewRoot(cli.Streams{})
	}
	cli.EnablePrefixMatching()
	cmd, rest, err := root.Find(words[1:])
	if err != nil || cmd.HasSubCommands() {
		t.Errorf("%s: %q is no command: %v", of, words, err)
		return
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Errorf("%s: %q: %v", of, words, err)
	}
}

// exampleWords splits a command line without redirections; quotes are those of a shell.
func exampleWords(line string) []string {
	var words []string
	word, quote, begun := "", rune(0), false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == '>' || r == '<':
			return words
		case r == ' ' || r == '\n':
			if begun {
				words = append(words, word)
			}
			word, begun = "", false
		default:
			word, begun = word+string(r), true
		}
	}
	return words
}
