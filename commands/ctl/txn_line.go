package ctl

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/internal/id"
	"etcdkit/keyspace/live"
)

// parseCompare reads a condition such as `mod("key") > "0"`. The key and the
// operand are Go string literals, the operator is surrounded by white space,
// and text after the operand is ignored.
func parseCompare(line string) (clientv3.Cmp, error) {
	target, rest, ok := strings.Cut(line, "(")
	if !ok {
		return clientv3.Cmp{}, invalid("malformed comparison: %s", line)
	}
	var key, op, operand string
	if n, _ := fmt.Sscanf(rest, "%q) %s %q", &key, &op, &operand); n != 3 {
		return clientv3.Cmp{}, invalid("malformed comparison: %s; got %s(%q) %s %q; key and value are quoted: mod(\"key\") > \"0\"", line, target, key, op, operand)
	}
	cmp, parse := clientv3.Cmp{}, func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }
	switch target {
	case "ver", "version":
		cmp = clientv3.Version(key)
	case "c", "create":
		cmp = clientv3.CreateRevision(key)
	case "m", "mod":
		cmp = clientv3.ModRevision(key)
	case "lease":
		cmp, parse = clientv3.LeaseValue(key), id.ParseLease
	case "val", "value":
		cmp, parse = clientv3.Value(key), nil
	default:
		return clientv3.Cmp{}, invalid("malformed comparison: %s (unknown target %s; use value, version, create, mod or lease)", line, target)
	}
	var value any = operand
	if parse != nil {
		number, err := parse(operand)
		if err != nil {
			want := "whole number"
			if target == "lease" {
				want = "lease ID in Hex"
			}
			return clientv3.Cmp{}, invalid("invalid txn compare request: %s; the value must be a %s", line, want)
		}
		value = number
	}
	switch op {
	case "=", "!=", "<", ">": // clientv3.Compare panics on any other
		return clientv3.Compare(cmp, op, value), nil
	}
	return clientv3.Cmp{}, invalid("malformed comparison: %s (unknown operator %s; use =, !=, < or >)", line, op)
}

// txnRequest is one request of a transaction.
type txnRequest struct {
	op      clientv3.Op
	warning string // the warning to print before the request is accepted
}

// parseRequest reads a request such as `put key "some value" --lease 12ab`: a
// command line of put, get or del. Their names may be abbreviated, and flags
// may come before them.
func parseRequest(line string) (txnRequest, error) {
	words, err := splitWords(line)
	if err != nil {
		return txnRequest{}, cli.Exit(cli.InvalidInput, err)
	}
	if len(words) < 2 {
		return txnRequest{}, invalid("invalid txn compare request: %s", line)
	}
	name, words := commandWord(words)
	fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	var take func() (txnRequest, error)
	switch {
	case name == "":
	case strings.HasPrefix("put", name):
		o := &putOptions{}
		o.addFlags(fs)
		take = func() (txnRequest, error) {
			// A value is never read from standard input: that is where the
			// lines come from.
			op, err := o.op(fs.Args(), strings.NewReader(""))
			return txnRequest{op: op}, err
		}
	case strings.HasPrefix("get", name):
		o := &read.GetOptions{}
		o.AddFlags(fs)
		take = func() (txnRequest, error) {
			r, err := o.Range(fs.Args())
			return txnRequest{op: live.Op(r)}, err
		}
	case strings.HasPrefix("del", name):
		o := &delOptions{}
		o.addFlags(fs)
		take = func() (txnRequest, error) {
			op, err := o.op(fs.Args())
			if err != nil {
				return txnRequest{}, err
			}
			return txnRequest{op: op, warning: o.warning(fs.Args())}, nil
		}
	}
	if take == nil || fs.Parse(words) != nil {
		return txnRequest{}, invalid("invalid txn request: %s", line)
	}
	return take()
}

// commandWord finds the name of the command among the words of a line and
// returns it and the other words. A flag in front of it that is given without
// "=" is taken to have a value, as on a command line.
func commandWord(words []string) (string, []string) {
	for i := 0; i < len(words); i++ {
		switch w := words[i]; {
		case w == "--":
			return "", nil
		case w != "" && w[0] != '-':
			return w, append(words[:i:i], words[i+1:]...)
		case len(w) > 1 && !strings.Contains(w, "=") && (w[1] == '-' || len(w) == 2):
			i++
		}
	}
	return "", nil
}

// invalid is the error of a line that can't be used.
func invalid(format string, args ...any) error {
	return cli.Exit(cli.InvalidInput, fmt.Errorf(format, args...))
}
