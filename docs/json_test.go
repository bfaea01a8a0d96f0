package docs_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/util"
	"etcdkit/printer"
)

// TestJSON holds docs/json.md against what is printed: what follows each line
// "$ command -w FORMAT", and that it has each command.
func TestJSON(t *testing.T) {
	t.Parallel()
	const path = "json.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, shown := samples(), map[string]bool{}
	want := rerun(t, string(page), func(command string, o printer.Options, format string) string {
		shown[command] = true
		views, ok := all[command]
		if !ok {
			t.Errorf("there is no sample of %q", command)
		}
		return show(t, format, o, views)
	})
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("%s is not what is printed; go test ./docs -update writes it anew, and the diff is to be read", path)
	}
	for command, views := range all {
		if len(views) > 0 && !shown[command] {
			t.Errorf("%s does not show %s", path, command)
		}
	}
	for _, root := range []*cobra.Command{ctl.NewRoot(cli.Streams{}), util.NewRoot(cli.Streams{})} {
		leaves(root, func(command string) {
			if _, ok := all[command]; !ok {
				t.Errorf("%s: no sample, and it is not said to print nothing", command)
			}
		})
	}
}

// leaves calls f for each command that does something itself.
func leaves(cmd *cobra.Command, f func(string)) {
	for _, c := range cmd.Commands() {
		if c.HasSubCommands() {
			leaves(c, f)
		} else if !c.Hidden {
			f(c.CommandPath())
		}
	}
}

// rerun returns the page with the output of each command line of its blocks as
// run has it.
func rerun(t *testing.T, page string, run func(string, printer.Options, string) string) string {
	t.Helper()
	var out strings.Builder
	skip := false
	for line := range strings.Lines(page) {
		command, is := strings.CutPrefix(line, "$ ")
		switch {
		case is:
			out.WriteString(line)
			out.WriteString(run(parse(t, strings.TrimSpace(command))))
			skip = true
			continue
		case strings.HasPrefix(line, "```"):
			skip = false
		}
		if !skip {
			out.WriteString(line)
		}
	}
	return out.String()
}

// parse reads a command line: words without a sample of their own are arguments.
func parse(t *testing.T, line string) (command string, o printer.Options, format string) {
	t.Helper()
	line, template, templated := strings.Cut(line, " --template ")
	line, format, ok := strings.Cut(line, " -w ")
	if templated {
		o.Template, format, ok = strings.Trim(template, "'"), printer.Template, true
	}
	if !ok {
		t.Fatalf("no format in %q", line)
	}
	format, o.UTF8 = strings.CutSuffix(format, " --text")
	if templated {
		line, o.UTF8 = strings.CutSuffix(line, " --text")
	}
	known := samples()
	for words := strings.Fields(line); len(words) > 0; words = words[:len(words)-1] {
		if command = strings.Join(words, " "); known[command] != nil {
			return command, o, format
		}
	}
	t.Fatalf("there is no sample for %q", line)
	return "", o, ""
}

func show(t *testing.T, format string, o printer.Options, views []printer.View) string {
	t.Helper()
	var out bytes.Buffer
	p, err := printer.New(&out, format, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		if err := p.Print(v); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}
