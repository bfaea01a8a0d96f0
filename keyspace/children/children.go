package children

import (
	"context"
	"errors"
	"iter"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/retry"
	"etcdkit/keyspace/scan"
)

// Child is a key, or what several keys begin with up to and with a separator
// after the prefix.
type Child struct {
	Name string // whole, from the first byte of the keys on
	Dir  bool   // it ends with the separator; there may be a key of that name as well
}

// Lister lists the children of prefixes in the reader's cluster.
type Lister struct{ *scan.Reader }

// Query says what to list.
type Query struct {
	Prefix, Separator string // the separator is not empty
	Rev               int64  // 0 is now
}

// List is the children of a prefix as they are at one revision.
type List struct {
	Header   *pb.ResponseHeader
	Children iter.Seq2[Child, error] // in order; an error is the last
}

// lister looks for the children of one query.
type lister struct {
	Query
	reader *scan.Reader
	retry  *retry.Retrier
	end    string // of the prefix, as the API spells it
	noPeek bool   // the server is known to have no range stream
	shape  shape

	yield func(Child) bool
	dir   string // the last child, where it is a directory
}

// errEnough is the end of a list of which no more is wanted.
var errEnough = errors.New("no more children are wanted")

// List begins to list; the children are looked for as they are taken.
func (l Lister) List(ctx context.Context, q Query) (List, error) {
	s := &lister{Query: q, reader: l.Reader, end: "\x00",
		retry: &retry.Retrier{Timeout: l.Timeout, Patience: 2 * l.Timeout, Explain: l.Explain}}
	if q.Prefix != "" {
		s.end = clientv3.GetPrefixRangeEnd(q.Prefix)
	}
	header, err := s.now(ctx)
	if err != nil {
		return List{}, err
	}
	if s.Rev == 0 {
		s.Rev = header.GetRevision()
	}
	return List{header, func(yield func(Child, error) bool) {
		s.yield = func(c Child) bool { return yield(c, nil) }
		if err := s.each(ctx); err != nil && !errors.Is(err, errEnough) {
			yield(Child{}, err)
		}
	}}, nil
}

// first is the first key that may have the prefix.
func (s *lister) first() string {
	if s.Prefix == "" {
		return "\x00"
	}
	return s.Prefix
}

// now asks for one key, and with it for the revision.
func (s *lister) now(ctx context.Context) (header *pb.ResponseHeader, err error) {
	err = s.retry.Do(ctx, func(ctx context.Context) error {
		resp, err := s.reader.Client.Get(ctx, s.first(), clientv3.WithKeysOnly(), clientv3.WithRev(s.Rev))
		if err == nil {
			header = resp.Header
		}
		return err
	})
	return header, err
}

// child returns the child that a key with the prefix belongs to. A separator
// right after the prefix does not end its name.
func (s *lister) child(key string) Child {
	from := len(s.Prefix)
	if strings.HasPrefix(key[from:], s.Separator) {
		from += len(s.Separator)
	}
	if i := strings.Index(key[from:], s.Separator); i >= 0 {
		return Child{key[:from+i+len(s.Separator)], true}
	}
	return Child{key, false}
}

// each hands out all children.
func (s *lister) each(ctx context.Context) error {
	for at := s.first(); at != ""; {
		keys, more, err := s.look(ctx, at)
		if err == nil {
			err = s.take(keys)
		}
		if err != nil || !more {
			return err
		}
		if s.dir == "" {
			if more, err = s.readOn(ctx, keys[len(keys)-1]+"\x00"); err != nil || !more {
				return err
			}
		}
		if at = behind(s.dir); at == "" {
			return nil
		}
		if at, err = s.guess(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// behind returns the first key there may be behind a directory, "" for none.
func behind(dir string) string {
	if end := clientv3.GetPrefixRangeEnd(dir); end != "\x00" {
		return end
	}
	return ""
}

// take hands out the children that the next keys belong to.
func (s *lister) take(keys []string) error {
	for _, key := range keys {
		if s.dir != "" && strings.HasPrefix(key, s.dir) {
			continue
		}
		c := s.child(key)
		s.dir = ""
		if c.Dir {
			s.dir = c.Name
			s.shape.learn(c.Name, key)
		}
		if !s.yield(c) {
			return errEnough
		}
	}
	return nil
}

// readOn reads the keys from a key on, up to where they lie in a directory, and
// tells whether there are more.
func (s *lister) readOn(ctx context.Context, from string) (more bool, err error) {
	var keys []string
	for page, err := range s.reader.Pages(ctx, scan.Range{Key: from, End: s.end, Rev: s.Rev, KeysOnly: true}) {
		if err != nil {
			return false, err
		}
		keys = keys[:0]
		for _, kv := range page.GetKvs() {
			keys = append(keys, string(kv.GetKey()))
		}
		if err := s.take(keys); err != nil {
			return false, err
		}
		if s.dir != "" && strings.HasPrefix(keys[len(keys)-1], s.dir) {
			return true, nil
		}
	}
	return false, nil
}
