package read

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
)

// WatchFlags are the flags of a watch.
type WatchFlags struct {
	UntilNow bool

	prefix         bool
	rev            int64
	prevKV         bool
	progressNotify bool
	filter         string
}

// AddFlags adds the flags to a set.
func (o *WatchFlags) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.prefix, "prefix", false, "all keys that begin with <key>")
	fs.Int64Var(&o.rev, "rev", 0, "start watching at this revision")
	fs.BoolVar(&o.prevKV, "prev-kv", false, "print the previous key-value pair too")
	fs.BoolVar(&o.progressNotify, "progress-notify", false, "make the server report its revision from time to time while there are no events")
	fs.StringVar(&o.filter, "filter", "", "print only these `events`: put or delete")
	fs.BoolVar(&o.UntilNow, "until-now", false, "print the events so far, from --rev or else from the oldest that the server has, and exit")
}

var errWatchPrefix = errors.New("`range_end` and `--prefix` are mutually exclusive")

// Watch turns keys into a request. Upstream takes a range end only from two
// arguments and watches the first of three alone; so it stays.
func (o *WatchFlags) Watch(keys []string) (keyspace.Watch, error) {
	if len(keys) == 0 {
		return keyspace.Watch{}, cli.Exit(cli.BadArgs, errWatchArgs)
	}
	if len(keys) == 2 && o.prefix {
		return keyspace.Watch{}, cli.Exit(cli.BadArgs, errWatchPrefix)
	}
	r := keyspace.Range{Key: keys[0]}
	switch {
	case len(keys) == 2:
		r.End = keys[1]
	case o.prefix:
		r = keyspace.Prefix(keys[0])
	}
	w := keyspace.Watch{Key: r.Key, End: r.End, From: o.rev, PrevKV: o.prevKV, ProgressNotify: o.progressNotify}
	switch o.filter {
	case "":
	case "put":
		w.NoDelete = true
	case "delete":
		w.NoPut = true
	default:
		return w, cli.Exit(cli.BadArgs, fmt.Errorf("unknown value %q of --filter: use one of put, delete", o.filter))
	}
	return w, nil
}
