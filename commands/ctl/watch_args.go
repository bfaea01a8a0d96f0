package ctl

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

// watchEnv is the key, and the end of a range, that the environment holds.
type watchEnv []string

// readWatchEnv returns the keys to watch from the environment.
func readWatchEnv(s cli.Streams) (watchEnv, error) {
	key, end := s.Getenv("ETCDCTL_WATCH_KEY"), s.Getenv("ETCDCTL_WATCH_RANGE_END")
	switch {
	case key == "" && end != "":
		return nil, cli.Exit(cli.BadArgs, fmt.Errorf("ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END=%q", end))
	case key == "":
		return nil, nil
	case end == "":
		return watchEnv{key}, nil
	}
	return watchEnv{key, end}, nil
}

// watchArgs are arguments told apart.
type watchArgs struct {
	keys []string // a key and possibly the end of a range
	argv []string // the command to run for each event, or none
}

// split separates the arguments, of which dash come before "--" (-1 if there is
// none). A key is read from them or from the environment.
func (e watchEnv) split(args []string, dash int) (watchArgs, error) {
	w := watchArgs{keys: args}
	if dash >= 0 {
		w.keys, w.argv = args[:dash], args[dash:]
		if len(w.argv) == 0 {
			return w, cli.Exit(cli.BadArgs, errWatchSeparator)
		}
	}
	if len(e) > 0 {
		if len(w.keys) > 0 {
			return w, cli.Exit(cli.BadArgs, errWatchConflict)
		}
		w.keys = slices.Clone(e)
	}
	return w, nil
}

// splitLine is split under the rules of a line. In front of a command, keys of
// the environment and of the line come together.
func (e watchEnv) splitLine(args []string, dash int) (watchArgs, error) {
	if dash >= 0 && dash < len(args) {
		return watchArgs{keys: append(e[:len(e):len(e)], args[:dash]...), argv: args[dash:]}, nil
	}
	w, err := e.split(args, dash)
	if err == nil && len(w.keys) == 0 {
		err = cli.Exit(cli.BadArgs, errWatchArgs)
	}
	return w, err
}
