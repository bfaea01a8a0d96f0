package live

import (
	"context"
	"errors"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace/retry"
)

// To begin another stream takes about as long as to read a thousand keys, so only
// the first few children are passed in that way. If there are more of that size,
// requests in narrow parts of the range are faster.
const (
	hops     = 8
	hopAfter = 32 // keys of a child
)

// skimStreams reads a range whose caller skips keys by range streams. A stream
// sends keys at once, where a request with a limit takes the time to count all
// keys of the range. A stream that is in the middle of many keys that are skipped
// is given up, and another one begins behind them.
func (s *scan) skimStreams(ctx context.Context) error {
	if err := s.retry.Loop(ctx, s.askKeyRevision); err != nil {
		return err
	}
	from, slow := s.Key, false
	for hopped := 0; from != "" && (s.End == "\x00" || from < s.End); {
		err := s.retry.Loop(ctx, func(ctx context.Context) (err error) {
			var hop bool
			from, hop, err = s.skimStream(ctx, from)
			if hop {
				hopped++
			}
			if slow = errors.Is(err, context.DeadlineExceeded) || retry.MessageTooLarge(err) || NoStream(err); slow {
				return nil
			}
			s.repeated = s.repeated || err != nil
			return err
		})
		if err != nil {
			return err
		}
		if slow || hopped == hops && from != "" {
			return s.skim(ctx, from)
		}
	}
	if s.done == 0 {
		return s.hand(ctx, nil, false)
	}
	return nil
}

// askKeyRevision gets the header and the revision to read at, without counting
// the range.
func (s *scan) askKeyRevision(ctx context.Context) error {
	req := s.request(s.Key, "", 0)
	req.CountOnly, req.KeysOnly = true, false
	resp, err := s.ask(ctx, req)
	if err != nil {
		return err
	}
	return s.pin(resp)
}

// skimStream reads one stream, and returns the key to go on from, "" at the end of
// the range, and whether that is behind a child that was not read to its end.
func (s *scan) skimStream(ctx context.Context, from string) (next string, hopped bool, err error) {
	next = from
	child, read := "", 0 // the key behind the child that the last part ended in, and keys of it
	before := s.done
	err = s.parts(ctx, from, 0, func(part *pb.RangeResponse) (over bool, err error) {
		kvs, final := part.GetKvs(), part.GetHeader() != nil
		if err := s.hand(ctx, kvs, false); err != nil {
			return false, err
		}
		if sent := s.done - before; final && part.GetCount() != sent {
			return false, wrong("%d keys counted, %d sent", part.GetCount(), sent)
		}
		if final {
			next = ""
			return true, nil
		}
		behind, trailing := ending(kvs, s.Skip)
		if trailing < len(kvs) || behind != child {
			read = 0
		}
		child, read, next = behind, read+trailing, s.next()
		if hopped = child == "" || read >= hopAfter; hopped {
			next = child
		}
		return hopped, nil
	})
	return next, hopped, err
}

// ending returns what skip returns for the last key, and for how many keys at the
// end it does.
func ending(kvs []*mvccpb.KeyValue, skip func([]byte) string) (behind string, n int) {
	behind = skip(kvs[len(kvs)-1].GetKey())
	for n = 1; n < len(kvs) && skip(kvs[len(kvs)-1-n].GetKey()) == behind; n++ {
	}
	return behind, n
}
