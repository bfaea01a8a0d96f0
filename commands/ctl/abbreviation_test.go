package ctl

import (
	"os"
	"strings"
	"testing"

	"etcdkit/commands/cli"
)

// upstreamCommands reads the names of upstream's commands, by release.
func upstreamCommands(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/upstream-commands.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string][]string)
	for line := range strings.Lines(string(b)) {
		release, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		names[release] = append(names[release], name)
	}
	return names
}

// abbreviations returns what each prefix of a command's last word stands for:
// the command, or "" where it is not clear.
func abbreviations(names []string) map[string]string {
	means := make(map[string]string)
	exact := make(map[string]bool)
	for _, name := range names {
		from := strings.LastIndexByte(name, ' ') + 1
		for n := from + 1; n <= len(name); n++ {
			short := name[:n]
			switch {
			case n == len(name):
				means[short], exact[short] = name, true
			case exact[short]:
			case means[short] == "" && !contains(means, short):
				means[short] = name
			default:
				means[short] = ""
			}
		}
	}
	return means
}

func contains(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}

// What an abbreviation stands for at upstream it stands for here, whatever
// commands there are besides.
func TestAbbreviations(t *testing.T) {
	t.Parallel()
	all := upstreamCommands(t)
	newest := abbreviations(all["3.7"])
	for _, release := range []string{"3.5", "3.6", "3.7"} {
		if len(all[release]) < 40 {
			t.Fatalf("%s has only the commands %v", release, all[release])
		}
		for short, name := range abbreviations(all[release]) {
			if now, there := newest[short]; name == "" || there && now != name {
				continue // not clear there, or another thing in the newest
			}
			if got := resolve(t, short); got != name {
				t.Errorf("%q is %q, at upstream of %s %q", short, got, release, name)
			}
		}
	}
	if got := resolve(t, "t"); got != "txn" {
		t.Errorf("t is %q", got)
	}
}

// resolve returns the command that words lead to, as cobra finds it.
func resolve(t *testing.T, words string) string {
	t.Helper()
	root := NewRoot(cli.Streams{})
	root.InitDefaultHelpCmd()
	cli.EnablePrefixMatching()
	cmd, rest, err := root.Find(strings.Fields(words))
	if err != nil || len(rest) > 0 {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), program), " ")
}
