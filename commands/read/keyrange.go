package read

import (
	"errors"
	"fmt"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
)

var (
	errPrefixFromKey   = errors.New("`--prefix` and `--from-key` cannot be set at the same time, choose one")
	errRangeEndAndFlag = errors.New("too many arguments, only accept one argument when `--prefix` or `--from-key` is set")
)

// RangeFlags are the flags that make one key argument a range of keys.
type RangeFlags struct {
	Prefix, FromKey bool
}

// Validate checks the flags against each other and against the arguments.
func (f RangeFlags) Validate(args []string) error {
	switch {
	case f.Prefix && f.FromKey:
		return cli.Exit(cli.BadArgs, errPrefixFromKey)
	case len(args) > 1 && (f.Prefix || f.FromKey):
		return cli.Exit(cli.BadArgs, errRangeEndAndFlag)
	}
	return nil
}

// Range returns the range that arguments and flags name. Its End is empty if that
// is a single key. The empty key with --prefix or --from-key is the whole
// keyspace.
func (f RangeFlags) Range(args []string) keyspace.Range {
	key := args[0]
	switch {
	case len(args) > 1:
		return keyspace.Range{Key: key, End: args[1]}
	case f.Prefix:
		return keyspace.Prefix(key)
	case f.FromKey && key == "":
		return keyspace.Prefix("")
	case f.FromKey:
		return keyspace.Range{Key: key, End: "\x00"}
	}
	return keyspace.Range{Key: key}
}

// Serializable reads the value of --consistency.
func Serializable(consistency string) (bool, error) {
	switch consistency {
	case "s":
		return true, nil
	case "l":
		return false, nil
	}
	return false, cli.Exit(cli.BadFeature, fmt.Errorf("unknown consistency flag %q: use l (linearizable) or s (serializable)", consistency))
}
