package cmd_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/ctl"
	"etcdkit/commands/util"
)

// surface lists upstream's commands and their flags, as the help of each
// release shows them: by program and release, and by command. "" stands for
// the flags of all commands.
type surface map[string]map[string]map[string]struct {
	Default string // where the help shows one
	Short   string
}

// Every command and flag of three releases is there, with the same default.
func TestSurface(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/surface.json")
	if err != nil {
		t.Fatal(err)
	}
	var s surface
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	roots := map[string]*cobra.Command{"etcdctl": ctl.NewRoot(cli.Streams{}), "etcdutl": util.NewRoot(cli.Streams{})}
	for release, commands := range s {
		program, _, _ := strings.Cut(release, " ")
		for command, flags := range commands {
			cmd, rest, err := roots[program].Find(strings.Fields(command))
			if err != nil || len(rest) > 0 {
				t.Errorf("%s: no %s", release, command)
				continue
			}
			for name, want := range flags {
				flag := cmd.Flag(name)
				switch {
				case flag == nil:
					t.Errorf("%s %s: no --%s", release, command, name)
				case flag.Shorthand != want.Short:
					t.Errorf("%s %s --%s: short -%s, want -%s", release, command, name, flag.Shorthand, want.Short)
				case want.Default != "" && strings.Trim(flag.DefValue, "[]") != strings.Trim(want.Default, "[]"):
					t.Errorf("%s %s --%s: default %q, want %q", release, command, name, flag.DefValue, want.Default)
				}
			}
		}
	}
}
