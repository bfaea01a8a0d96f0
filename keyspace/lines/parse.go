package lines

import (
	"encoding/base64"
	"errors"
	"fmt"

	"etcdkit/internal/id"
)

// MaxTTL is the longest time to live of a lease, in seconds, as etcd has it.
const MaxTTL = 9_000_000_000

// line holds the fields of a JSON line, with the names of docs/bulk.md.
type line struct {
	texts map[string]string
	ints  map[string]int64
}

// kinds are the names that a line may have: 's' has a string, 'n' a number
// that is not negative, '?' either.
const (
	kindString = 's'
	kindNumber = 'n'
	kindEither = '?'
)

func kind(name string) (byte, bool) {
	switch name {
	case "key", "key_base64", "key_text", "value", "value_base64", "value_text":
		return kindString, true
	case "lease":
		return kindEither, true
	case "ttl", "created", "modified", "create_revision", "mod_revision", "version":
		return kindNumber, true
	}
	return 0, false
}

// Parse reads the pair of one JSON line.
func Parse(b []byte) (Pair, error) {
	l, err := readLine(b)
	if err != nil {
		return Pair{}, err
	}
	// A line of `get -w jsonl` has its bytes as etcd's JSON has them.
	_, ofGet := l.ints["mod_revision"]
	p := Pair{TTL: l.ints["ttl"], Created: l.ints["created"], Modified: l.ints["modified"], Version: l.ints["version"]}
	if ofGet {
		p.Created, p.Modified = l.ints["create_revision"], l.ints["mod_revision"]
	}
	if p.Key, err = l.bytes("key", ofGet); err != nil {
		return Pair{}, err
	}
	if p.Value, err = l.bytes("value", ofGet); err != nil {
		return Pair{}, err
	}
	switch {
	case p.Key == nil:
		return Pair{}, errors.New(`no "key"`)
	case len(p.Key) == 0:
		return Pair{}, errors.New("the key is empty")
	case p.Value == nil && !ofGet:
		return Pair{}, errors.New(`no "value"`)
	}
	p.Lease, err = l.lease(p.TTL)
	return p, err
}

// lease returns the id of the lease, which can't be without its time to live.
func (l line) lease(ttl int64) (int64, error) {
	_, given := l.ints["ttl"]
	lease, named := l.ints["lease"], false
	if text, ok := l.texts["lease"]; ok {
		var err error
		if lease, err = id.ParseLease(text); err != nil || lease <= 0 {
			return 0, fmt.Errorf("lease %q is not the id of a lease", text)
		}
		named = true
	}
	switch {
	case given && (ttl < 1 || ttl > MaxTTL):
		return 0, fmt.Errorf("ttl %d is not between 1 and %d seconds", ttl, int64(MaxTTL))
	case (named || lease != 0) && ttl == 0:
		return 0, errors.New(`a "lease" without its "ttl"`)
	}
	return lease, nil
}

// bytes returns the key or the value, nil if absent. base64ed says that the
// field with the plain name is base64.
func (l line) bytes(name string, base64ed bool) ([]byte, error) {
	var b []byte
	n := 0
	for _, form := range []struct {
		name   string
		base64 bool
	}{{name, base64ed}, {name + "_text", false}, {name + "_base64", true}} {
		s, there := l.texts[form.name]
		if !there {
			continue
		}
		if n++; n > 1 {
			return nil, fmt.Errorf("the %s stands there twice", name)
		}
		if !form.base64 {
			b = []byte(s)
			continue
		}
		var err error
		if b, err = base64.StdEncoding.Strict().DecodeString(s); err != nil {
			return nil, fmt.Errorf("%s is no base64: %w", form.name, err)
		}
	}
	return b, nil
}
