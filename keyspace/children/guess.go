package children

import (
	"context"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// shape is what the last directories looked like: a name that ends with a
// number, and the name of the first key in it. Directories that are numbered,
// and alike inside, are guessed, many in one request.
type shape struct {
	name  string // the last directory
	inner string // its first key, without name
	same  int    // how many in a row could have been guessed
}

// learn remembers a directory and its first key.
func (h *shape) learn(name, key string) {
	inner := key[len(name):]
	if h.inner == inner && h.name != "" && follows(h.name) == name {
		h.same++
	} else {
		h.same = 0
	}
	h.name, h.inner = name, inner
}

// follows returns the name that is next in number, of the same length, "" where
// there is none. A number is the last digits of the name.
func follows(name string) string {
	b := []byte(name)
	i := len(b) - 1
	for i >= 0 && (b[i] < '0' || b[i] > '9') {
		i--
	}
	for ; i >= 0 && b[i] >= '0' && b[i] <= '9'; i-- {
		if b[i] < '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return ""
}

// The guesses in a request, each of which takes two of its operations.
const (
	guesses     = 60
	enoughAlike = 2 // in a row, before the next are guessed
)

// guess hands out the directories behind the last one that are as expected, and
// returns where to look from then on. A guess is one range up to where the next directory should begin, which has to be empty, and
// one from there up to the key that should be its first, which has to be there:
// either is short, so that the server counts next to nothing.
func (s *lister) guess(ctx context.Context, at string) (string, error) {
	for s.shape.same >= enoughAlike {
		names, ops := s.expected(at)
		if len(names) == 0 {
			return at, nil
		}
		var found []bool // of the ranges, whether there is a key
		err := s.retry.Do(ctx, func(ctx context.Context) error {
			resp, err := s.reader.Client.Txn(ctx).Then(ops...).Commit()
			if err != nil {
				return err
			}
			found = found[:0]
			for _, r := range resp.Responses {
				found = append(found, len(r.GetResponseRange().GetKvs()) > 0)
			}
			return nil
		})
		if err != nil {
			s.shape = shape{} // such as that it has too many operations: no more guesses
			return at, ctx.Err()
		}
		for i, name := range names {
			if found[2*i] || !found[2*i+1] {
				s.shape = shape{}
				return at, nil
			}
			if !s.yield(Child{name, true}) {
				return at, errEnough
			}
			at = clientv3.GetPrefixRangeEnd(name)
			s.shape.name = name
		}
	}
	return at, nil
}

// expected returns the names of the directories to come, and two ranges for
// each.
func (s *lister) expected(at string) (names []string, ops []clientv3.Op) {
	name := s.shape.name
	for range guesses {
		name = follows(name)
		if name == "" || name <= at || !strings.HasPrefix(name, s.Prefix) || s.child(name+s.shape.inner) != (Child{name, true}) {
			return names, ops
		}
		opts := []clientv3.OpOption{clientv3.WithRev(s.Rev), clientv3.WithKeysOnly(), clientv3.WithLimit(1)}
		ops = append(ops,
			clientv3.OpGet(at, append(opts, clientv3.WithRange(name))...),
			clientv3.OpGet(name, append(opts, clientv3.WithRange(name+s.shape.inner+"\x00"))...))
		names = append(names, name)
		at = clientv3.GetPrefixRangeEnd(name)
	}
	return names, ops
}
