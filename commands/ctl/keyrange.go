package ctl

import (
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

var (
	errPrefixFromKey   = errors.New("`--prefix` and `--from-key` cannot be set at the same time, choose one")
	errRangeEndAndFlag = errors.New("too many arguments, only accept one argument when `--prefix` or `--from-key` is set")
)

// rangeFlags are the flags that make one key argument a range of keys.
type rangeFlags struct {
	prefix, fromKey bool
}

// validate checks the flags against each other and against the arguments.
func (f rangeFlags) validate(args []string) error {
	switch {
	case f.prefix && f.fromKey:
		return cli.Exit(cli.BadArgs, errPrefixFromKey)
	case len(args) > 1 && (f.prefix || f.fromKey):
		return cli.Exit(cli.BadArgs, errRangeEndAndFlag)
	}
	return nil
}

// keys returns the first key of the range that arguments and flags name, and
// the options for its end. The empty key with --prefix or --from-key is the
// whole keyspace, which the API spells "\x00".
func (f rangeFlags) keys(args []string) (string, []clientv3.OpOption) {
	key := args[0]
	switch {
	case len(args) > 1:
		return key, []clientv3.OpOption{clientv3.WithRange(args[1])}
	case key == "" && (f.prefix || f.fromKey):
		return "\x00", []clientv3.OpOption{clientv3.WithFromKey()}
	case f.prefix:
		return key, []clientv3.OpOption{clientv3.WithPrefix()}
	case f.fromKey:
		return key, []clientv3.OpOption{clientv3.WithFromKey()}
	}
	return key, nil
}

// serializable reads the value of --consistency.
func serializable(consistency string) (bool, error) {
	switch consistency {
	case "s":
		return true, nil
	case "l":
		return false, nil
	}
	return false, cli.Exit(cli.BadFeature, fmt.Errorf("unknown consistency flag %q", consistency))
}
