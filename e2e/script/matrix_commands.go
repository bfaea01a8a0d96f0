package script

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"etcdkit/e2e/refs"
)

// Command is a command of a program, such as "etcdctl lease grant", that does something and has no subcommands.
type Command string

// Commands asks the programs in dir for their commands, through their shell
// completion.
func Commands(ctx context.Context, dir string) ([]Command, error) {
	var all []Command
	for _, prog := range []string{"etcdctl", "etcdutl"} {
		if err := addCommands(ctx, &all, refs.Path(dir, prog), prog, nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// addCommands appends the commands below a path of words. What completion and help offer are arguments.
func addCommands(ctx context.Context, all *[]Command, file, prog string, path []string) error {
	words := append([]string{"__complete"}, path...)
	cmd := exec.CommandContext(ctx, file, append(words, "")...)
	cmd.Env = []string{}
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("commands of %s %s: %w", prog, strings.Join(path, " "), err)
	}
	names := offered(out)
	leaf := len(path) == 1 && (path[0] == "completion" || path[0] == "help")
	if leaf || len(names) == 0 {
		*all = append(*all, Command(strings.Join(append([]string{prog}, path...), " ")))
		return nil
	}
	for _, name := range names {
		if err := addCommands(ctx, all, file, prog, append(slices.Clip(path), name)); err != nil {
			return err
		}
	}
	return nil
}

// offered reads the answer to a completion: a word a line, a tab and its
// description, and a last line ":NUMBER". Required flags are offered too, and
// omitted here.
func offered(out []byte) []string {
	var names []string
	for line := range bytes.Lines(out) {
		name, _, _ := strings.Cut(strings.TrimSpace(string(line)), "\t")
		if name != "" && !strings.HasPrefix(name, ":") && !strings.HasPrefix(name, "-") {
			names = append(names, name)
		}
	}
	return names
}

// commandOf finds the command of a command line, whose words may be shortened and have flags before them. Help for a
// command counts as help. "" is a line of no command.
func commandOf(line []string, commands []Command) string {
	if len(line) == 0 {
		return ""
	}
	at := line[:1:1]
	afterFlag := false
	for _, word := range line[1:] {
		switch {
		case word == "--help" || word == "-h":
			return line[0] + " help"
		case word == "--":
			return complete(at, commands)
		case strings.HasPrefix(word, "-"):
			afterFlag = !strings.Contains(word, "=")
			continue
		}
		next := descend(at, word, commands)
		if next == nil && !afterFlag {
			return complete(at, commands)
		}
		afterFlag = false
		if next != nil {
			at = next
		}
	}
	return complete(at, commands)
}

// descend goes one word down, if there is such a command or exactly one that begins so.
func descend(at []string, word string, commands []Command) []string {
	var begins []string
	for _, c := range commands {
		words := strings.Fields(string(c))
		if len(words) <= len(at) || !slices.Equal(words[:len(at)], at) {
			continue
		}
		next := words[len(at)]
		if next == word {
			return append(at, next)
		}
		if strings.HasPrefix(next, word) && !slices.Contains(begins, next) {
			begins = append(begins, next)
		}
	}
	if len(begins) != 1 || word == "" {
		return nil
	}
	return append(at, begins[0])
}

// complete returns the path if it is a whole command.
func complete(at []string, commands []Command) string {
	if c := strings.Join(at, " "); slices.Contains(commands, Command(c)) {
		return c
	}
	return ""
}
