package children

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/scan"
)

// lookKeys is how many keys are asked for at a time: few, as they may all lie
// in one directory.
const lookKeys = 10

// look returns the first keys of the prefix from a key on, and whether there
// are more behind them.
//
// A server counts all keys of the range that a request names, which would cost
// what the whole prefix does. It does not for a range stream, so where there is
// one, its first part is taken and no more.
func (s *lister) look(ctx context.Context, from string) (keys []string, more bool, err error) {
	if !s.noPeek {
		keys, more, err = s.peek(ctx, from)
		if !scan.NoStream(err) {
			return keys, more, err
		}
		s.noPeek = true
	}
	return s.climb(ctx, from)
}

// peek takes the first part of a range stream.
func (s *lister) peek(ctx context.Context, from string) (keys []string, more bool, err error) {
	err = s.retry.Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		parts, err := s.reader.Client.GetStream(ctx, from, clientv3.WithRange(s.end), clientv3.WithRev(s.Rev), clientv3.WithKeysOnly())
		if err != nil {
			cancel()
			return err
		}
		defer func() {
			cancel()
			for range parts { // so that its goroutine ends
			}
		}()
		part, ok := <-parts
		switch {
		case !ok:
			keys, more = nil, false
			return nil
		case part.Err() != nil:
			return part.Err()
		}
		keys = make([]string, len(part.Kvs))
		for i, kv := range part.Kvs {
			keys[i] = string(kv.GetKey())
		}
		more = len(keys) > 0 && part.Header == nil // only the last part has it
		return nil
	})
	return keys, more, err
}

// climb looks among the keys that have as much as possible in common with the
// last ones, then among more and more of them.
func (s *lister) climb(ctx context.Context, from string) ([]string, bool, error) {
	for n := len(from) - 1; n > len(s.Prefix); n-- {
		end := clientv3.GetPrefixRangeEnd(from[:n])
		if end == "\x00" || end <= from {
			continue
		}
		keys, _, err := s.page(ctx, from, end)
		if err != nil || len(keys) > 0 {
			return keys, len(keys) > 0, err
		}
		from = end
	}
	return s.page(ctx, from, s.end)
}

// page asks for keys of a range.
func (s *lister) page(ctx context.Context, from, end string) (keys []string, more bool, err error) {
	if end != "\x00" && from >= end {
		return nil, false, nil
	}
	err = s.retry.Do(ctx, func(ctx context.Context) error {
		resp, err := s.reader.Client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithRev(s.Rev), clientv3.WithKeysOnly(), clientv3.WithLimit(lookKeys))
		if err != nil {
			return err
		}
		keys = make([]string, len(resp.Kvs))
		for i, kv := range resp.Kvs {
			keys[i] = string(kv.GetKey())
		}
		more = resp.More
		return nil
	})
	return keys, more, err
}
