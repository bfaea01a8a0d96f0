package read

import (
	"errors"
	"fmt"
	"slices"

	"etcdkit/commands/cli"
)

var (
	errWatchArgs      = errors.New("bad number of arguments")
	errWatchConflict  = errors.New("bad number of arguments (found conflicting environment key)")
	errWatchSeparator = errors.New("bad number of arguments (found separator --, but no commands)")
)

// WatchEnv is the key, and the end of a range, that the environment holds.
type WatchEnv []string

// WatchEnvironment returns the keys to watch from the environment, from variables
// with a prefix such as ETCDCTL.
func WatchEnvironment(s cli.Streams, prefix string) (WatchEnv, error) {
	key, end := s.Getenv(prefix+"_WATCH_KEY"), s.Getenv(prefix+"_WATCH_RANGE_END")
	switch {
	case key == "" && end != "":
		return nil, cli.Exit(cli.BadArgs, fmt.Errorf("%[1]s_WATCH_KEY is empty but got %[1]s_WATCH_RANGE_END=%[2]q", prefix, end))
	case key == "":
		return nil, nil
	case end == "":
		return WatchEnv{key}, nil
	}
	return WatchEnv{key, end}, nil
}

// WatchArgs are arguments told apart.
type WatchArgs struct {
	Keys []string // a key and possibly the end of a range
	Argv []string // the command to run for each event, or none
}

// Split separates the arguments, of which dash come before "--" (-1 if there is
// none). A key is read from them or from the environment.
func (e WatchEnv) Split(args []string, dash int) (WatchArgs, error) {
	w := WatchArgs{Keys: args}
	if dash >= 0 {
		w.Keys, w.Argv = args[:dash], args[dash:]
		if len(w.Argv) == 0 {
			return w, cli.Exit(cli.BadArgs, errWatchSeparator)
		}
	}
	if len(e) > 0 {
		if len(w.Keys) > 0 {
			return w, cli.Exit(cli.BadArgs, errWatchConflict)
		}
		w.Keys = slices.Clone(e)
	}
	return w, nil
}

// SplitLine is Split under the rules of a line. In front of a command, keys of
// the environment and of the line come together.
func (e WatchEnv) SplitLine(args []string, dash int) (WatchArgs, error) {
	if dash >= 0 && dash < len(args) {
		return WatchArgs{Keys: append(e[:len(e):len(e)], args[:dash]...), Argv: args[dash:]}, nil
	}
	w, err := e.Split(args, dash)
	if err == nil && len(w.Keys) == 0 {
		err = cli.Exit(cli.BadArgs, errWatchArgs)
	}
	return w, err
}
