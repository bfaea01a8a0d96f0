package read

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"etcdkit/commands/cli"
)

func TestWatchArguments(t *testing.T) {
	t.Parallel()
	var none WatchEnv
	key, both := WatchEnv{"k"}, WatchEnv{"k", "l"}
	const dash = "--"
	for _, tt := range []struct {
		env   WatchEnv
		args  string
		keys  []string
		argv  []string
		err   error // of a command line
		lines error // of a line of -i; the same where nil
	}{
		{none, "a", []string{"a"}, nil, nil, nil},
		{none, "a b", []string{"a", "b"}, nil, nil, nil},
		{none, "a b c", []string{"a", "b", "c"}, nil, nil, nil},
		{none, "a -- x y", []string{"a"}, []string{"x", "y"}, nil, nil},
		{none, "a b -- x", []string{"a", "b"}, []string{"x"}, nil, nil},
		{none, "a -- -- x", []string{"a"}, []string{dash, "x"}, nil, nil},
		{none, "a -- x x", []string{"a"}, []string{"x", "x"}, nil, nil}, // upstream takes the first x for a range end
		{none, "-- x", []string{}, []string{"x"}, nil, nil},
		{none, "a --", nil, nil, errWatchSeparator, nil},
		{none, "--", nil, nil, errWatchSeparator, nil},
		{none, "", []string{}, nil, nil, errWatchArgs},
		{key, "", []string{"k"}, nil, nil, nil},
		{both, "", []string{"k", "l"}, nil, nil, nil},
		{key, "-- x y", []string{"k"}, []string{"x", "y"}, nil, nil},
		{both, "-- x", []string{"k", "l"}, []string{"x"}, nil, nil},
		{key, "a", nil, nil, errWatchConflict, nil},
		{both, "a b", nil, nil, errWatchConflict, nil},
		{key, "--", nil, nil, errWatchSeparator, nil},
	} {
		args, at := strings.Fields(tt.args), -1
		if at = slices.Index(args, dash); at >= 0 {
			args = slices.Delete(args, at, at+1)
		}
		for name, try := range map[string]struct {
			split func([]string, int) (WatchArgs, error)
			err   error
		}{"command line": {tt.env.Split, tt.err}, "line": {tt.env.SplitLine, errors.Join(tt.err, tt.lines)}} {
			got, err := try.split(args, at)
			if try.err != nil {
				if !errors.Is(try.err, errors.Unwrap(err)) || cli.CodeOf(err) != cli.BadArgs {
					t.Errorf("%s %q with %q: error %v, want %v", name, tt.args, tt.env, err, try.err)
				}
				continue
			}
			if err != nil || !slices.Equal(got.Keys, tt.keys) || !slices.Equal(got.Argv, tt.argv) {
				t.Errorf("%s %q with %q: got %q %q, %v, want %q %q", name, tt.args, tt.env, got.Keys, got.Argv, err, tt.keys, tt.argv)
			}
		}
	}
	// The two differ in one more case: in front of a command, a line's keys
	// come after those of the environment.
	if _, err := key.Split([]string{"a", "x"}, 1); !errors.Is(err, errWatchConflict) {
		t.Errorf("command line: got %v", err)
	}
	if got, err := key.SplitLine([]string{"a", "x"}, 1); err != nil || !slices.Equal(got.Keys, []string{"k", "a"}) || key[0] != "k" || len(key) != 1 {
		t.Errorf("line: got %q, %v", got.Keys, err)
	}
}
