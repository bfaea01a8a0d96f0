package ctlv2

import (
	"slices"
	"strings"
	"testing"

	"etcdkit/commands/cli"
)

// What Go's flag package took, and urfave's reading of it.
func TestGoArgs(t *testing.T) {
	t.Parallel()
	tests := []struct{ line, want string }{
		{"", ""},
		{"get /a", "get /a"},
		{"-debug -o json get -sort /a", "get --debug --output=json --sort /a"},
		{"--o=json get", "get --output=json"},
		{"get /a -q", "get --quorum /a"},
		{"get /a --output json", "get --output=json /a"},
		{"ls -r / -p", "ls --recursive --p /"},
		{"ls -rp /", "ls -rp /"},
		{"set -ttl 5 /a -v", "set --ttl=5 /a -- -v"},
		{"set -ttl=-5 /a v", "set --ttl=-5 /a v"},
		{"set --ttl", "set --ttl"},
		{"set --ttl -1 /a v", "set --ttl=-1 /a v"},
		{"set /a --debug", "set /a -- --debug"},
		{"set /a v --debug", "set --debug /a v"},
		{"set /a --ttl 5 v", "set --ttl=5 /a v"},
		{"set /a -", "set /a -"},
		{"set -- /a --ttl", "set -- /a --ttl"},
		{"set /a -- -v", "set /a -- -v"},
		{"set -x /a v", "set -x /a v"},
		{"set /a -h", "set --help /a"},
		{"get -help", "get --help"},
		{"exec-watch -r /a -- sh -c x", "exec-watch --recursive /a -- sh -c x"},
		{"exec-watch /a -after-index 5 -- sh --debug", "exec-watch --after-index=5 /a -- sh --debug"},
		{"exec-watch echo /a", "exec-watch echo /a"},
		{"member list", "member list"},
		{"-- ls -p /a", "ls --p /a"},
		{"member -- list", "member list"},
		{"role grant r -path /a -rw", "role grant --path=/a --rw r"},
		{"mem li", "mem li"},
		{"m", "m"},
		{"-- get /a", "get /a"},
		{"-debug -- member -- list", "member list --debug"},
		{"h get", "h get"},
		{"nosuch -r x", "nosuch -- -r x"},
		{"-v", "--version"},
		{"help get", "help get"},
		{"__complete get -", "__complete get -"},
		{"--unknown get", "get --unknown"},
		{"set /a b --ttl", "set --ttl"},
		{"get /a -o", "get /a -- -o"},
		{"get -o", "get --output"},
	}
	for _, tt := range tests {
		got := goArgs(NewRoot(cli.Streams{}), strings.Fields(tt.line))
		if want := strings.Fields(tt.want); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", tt.line, got, want)
		}
	}
}

// A rewritten line that is rewritten again does not change, whatever its
// contents.
func FuzzGoArgs(f *testing.F) {
	for _, line := range []string{"get /a", "set -ttl 5 /a -v", "exec-watch /a -- sh -c x", "-o json ls -- --", "set /a -- -", "--=x get", "- -- -"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		once := goArgs(NewRoot(cli.Streams{}), strings.Fields(line))
		twice := goArgs(NewRoot(cli.Streams{}), once)
		if !slices.Equal(once, twice) {
			t.Errorf("%q: %q, then %q", line, once, twice)
		}
	})
}
