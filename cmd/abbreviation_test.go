package cmd_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/util"
)

// Every abbreviation that is unique in a release of upstream's programs leads to
// the same command here, whatever commands there are besides. If releases
// differ, the newest one counts.
func TestAbbreviations(t *testing.T) {
	t.Parallel()
	s := readSurface(t)
	cli.EnablePrefixMatching()
	for program, root := range roots() {
		want := make(map[string]string)
		for _, release := range []string{"3.5", "3.6", "3.7"} {
			for short, name := range abbreviations(commandNames(s[program+" "+release])) {
				want[short] = name
			}
		}
		if program == "etcdutl" {
			want["h"] = "hashkv" // help in 3.5, ambiguous in 3.6 and 3.7
		}
		if len(want) < 50 {
			t.Errorf("%s: only %d abbreviations", program, len(want))
		}
		for short, name := range want {
			cmd, rest, err := root.Find(strings.Fields(short))
			if err != nil || len(rest) > 0 || cmd.CommandPath() != program+" "+name {
				t.Errorf("%s %s: %s, want %s", program, short, cmd.CommandPath(), name)
			}
		}
	}
}

// Abbreviations that people type.
func TestShortNames(t *testing.T) {
	t.Parallel()
	cli.EnablePrefixMatching()
	all := roots()
	for line, want := range map[string]string{
		"etcdctl h": "etcdctl help", "etcdctl r": "etcdctl role", "etcdctl do": "etcdctl downgrade", "etcdctl s": "etcdctl snapshot", "etcdctl member r": "etcdctl member remove",
		"etcdctl compact": "etcdctl compaction", "etcdctl comp": "etcdctl compaction", "etcdctl t": "etcdctl txn", "etcdctl mem li": "etcdctl member list", "etcdctl snap sa": "etcdctl snapshot save",
		"etcdutl d": "etcdutl defrag", "etcdutl s": "etcdutl snapshot", "etcdutl m": "etcdutl migrate", "etcdutl b": "etcdutl backup",
		"etcdutl c": "etcdutl completion", "etcdutl co": "etcdutl completion", "etcdutl h": "etcdutl hashkv", "etcdutl v": "etcdutl version",
	} {
		program, short, _ := strings.Cut(line, " ")
		if cmd, rest, err := all[program].Find(strings.Fields(short)); err != nil || len(rest) > 0 || cmd.CommandPath() != want {
			t.Errorf("%s: %s, want %s", line, cmd.CommandPath(), want)
		}
	}
}

// commandNames returns the names of all commands, groups and help included.
func commandNames[V any](commands map[string]V) []string {
	names := []string{"help"}
	for name := range commands {
		words := strings.Fields(name)
		for n := range words {
			names = append(names, strings.Join(words[:n+1], " "))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// abbreviations returns the prefixes of the last word of each name that are
// prefixes of no other name, and the names themselves.
func abbreviations(names []string) map[string]string {
	means := make(map[string]string)
	for _, name := range names {
		means[name] = name
		for n := len(name) - 1; n > strings.LastIndexByte(name, ' ')+1; n-- {
			short := name[:n]
			same := 0
			for _, other := range names {
				if strings.HasPrefix(other, short) && !strings.Contains(other[n:], " ") {
					same++
				}
			}
			if same == 1 && !slices.Contains(names, short) {
				means[short] = name
			}
		}
	}
	return means
}

func roots() map[string]*cobra.Command {
	return map[string]*cobra.Command{"etcdctl": ctl.NewRoot(cli.Streams{}), "etcdutl": util.NewRoot(cli.Streams{})}
}

func readSurface(t *testing.T) surface {
	t.Helper()
	text, err := os.ReadFile("testdata/surface.json")
	if err != nil {
		t.Fatal(err)
	}
	var s surface
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}
