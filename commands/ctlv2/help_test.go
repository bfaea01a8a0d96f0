package ctlv2

import (
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, begins string }{
		{"help", "etcdctl with ETCDCTL_API=2 "},
		{"h get", "Print the value of a key\n"},
		{"help mem list", "List the members\n"},
		{"help get /a", "Print the value of a key\n"},
		{"member help", "List and change the members of the cluster\n"},
		{"user h add", "Add a user"},
	} {
		got := runner{}.run(t, strings.Fields(tt.line)...)
		if got.code != 0 || !strings.HasPrefix(got.stdout, tt.begins) || got.stderr != "" {
			t.Errorf("%s: %d %.80q %q", tt.line, got.code, got.stdout, got.stderr)
		}
	}
	runner{}.run(t, "help", "member", "nosuch").is(t, ran{noSuchCommand, "",
		"Error:  unknown command \"nosuch\" for \"etcdctl member\"\nRun 'etcdctl member --help' for usage.\n"})
	// Upstream shows its help here, and exits with 0.
	unknown := "Error:  unknown command \"nosuch\" for \"etcdctl\"\nRun 'etcdctl --help' for usage.\n"
	if got := (runner{}).run(t, "-h", "nosuch"); got.code != 0 || !strings.HasPrefix(got.stdout, "etcdctl with ") || got.stderr != unknown {
		t.Errorf("-h nosuch: %d %.80q %q", got.code, got.stdout, got.stderr)
	}
	runner{}.run(t, "nosuch", "-h").is(t, ran{noSuchCommand, "", unknown})
	got := runner{}.run(t, "__complete", "help", "member", "")
	if !strings.HasPrefix(got.stdout, "add\tAdd a member, which is to be started afterwards\nlist\tList the members\n") {
		t.Errorf("completion: %q", got.stdout)
	}
}

func TestWatchIndexes(t *testing.T) {
	t.Parallel()
	etcdctl(t, "http://127.0.0.1:1", "watch", "--after-index", "18446744073709551615", "/a").is(t, ran{1, "",
		"--after-index 18446744073709551615: there is no index behind it\n"})
}
