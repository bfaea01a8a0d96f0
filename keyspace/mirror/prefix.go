package mirror

import (
	"bytes"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// renaming replaces one prefix of keys by another. It keeps their order.
type renaming struct{ from, to string }

// key returns the name of a key of the source at the destination.
func (r renaming) key(key []byte) ([]byte, error) {
	rest, found := bytes.CutPrefix(key, []byte(r.from))
	if !found {
		return nil, fmt.Errorf("the source has sent key %q, which does not begin with %q", key, r.from)
	}
	if r.from == r.to {
		return key, nil
	}
	if len(r.to)+len(rest) == 0 {
		return nil, fmt.Errorf("%w: of %q nothing is left without the prefix", rpctypes.ErrEmptyKey, key)
	}
	return append([]byte(r.to), rest...), nil
}

// span is a range of keys, without its end, as the API spells it.
type span struct{ key, end string }

// has reports whether a key is in the range.
func (s span) has(key []byte) bool {
	return string(key) >= s.key && (s.end == "\x00" || string(key) < s.end)
}

// prefixSpan returns the keys that begin with prefix.
func prefixSpan(prefix string) span {
	if prefix == "" {
		return span{"\x00", "\x00"}
	}
	return span{prefix, clientv3.GetPrefixRangeEnd(prefix)}
}
