package ctl

import (
	"strings"
	"testing"

	"etcdkit/commands/cli"
)

// Each deed is that of a command, which takes --yes.
func TestDeeds(t *testing.T) {
	t.Parallel()
	for path := range deeds() {
		cmd, rest, err := NewRoot(cli.Streams{}).Find(strings.Fields(path))
		if err != nil || len(rest) > 0 || cmd.Flags().Lookup("yes") == nil {
			t.Errorf("%s: %v, %q: no such command, or none that takes --yes", path, err, rest)
		}
	}
}
