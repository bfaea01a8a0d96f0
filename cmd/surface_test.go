package cmd_test

import (
	"strings"
	"testing"
)

// surface lists upstream's commands and their flags, as the help of each
// release shows them: by program and release, and by command. "" is for the
// flags of all commands.
type surface map[string]map[string]map[string]struct {
	Default string // where the help shows one
	Short   string
}

// Every command and flag of three releases exists, with the same default.
func TestSurface(t *testing.T) {
	t.Parallel()
	s, roots := readSurface(t), roots()
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
