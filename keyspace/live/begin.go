package live

import (
	"context"
	"errors"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/keyspace"
)

// read reads the whole range.
//
// A stream returns its revision and count only at its end. So a short stream is
// read to its end, and a longer one is restarted at a revision obtained by a
// request. Without range streams, the first page returns both, but only after
// the server has counted the range.
//
// With a password clientv3 logs in again for each stream, which takes a server
// longer than a small range; then, too, a page is requested first.
func (s *scan) read(ctx context.Context) error {
	switch {
	case s.Single || s.End == "" || s.CountOnly || s.Limit < 0 || !s.Sort.InKeyOrder() || s.Filter != keyspace.Filter{}:
		return s.single(ctx)
	case s.Skip != nil && (s.Limit > 0 || s.logsIn()):
		return s.skim(ctx, s.Key)
	case s.Skip != nil:
		return s.skimStreams(ctx)
	case s.Retry != nil:
		return s.insist(ctx)
	}
	streams := true
	if !s.logsIn() {
		whole, err := s.tryStream(ctx)
		if whole || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		streams = !NoStream(err)
	}
	if s.header == nil {
		more, err := s.firstPage(ctx)
		if err != nil || !more {
			return err
		}
	}
	if streams {
		err := s.stream(ctx)
		if !errors.Is(err, errNoStream) {
			return err
		}
	}
	return s.plain(ctx)
}

// logsIn reports whether clientv3 logs in again for each stream.
func (s *scan) logsIn() bool { return s.Client.Username != "" && s.Client.Password != "" }

// tryStream starts a stream, hands the range out if it is small, and reports
// whether it did. If the range is not small, or does not arrive in time,
// tryStream returns the header and the revision to read at. The error is final
// if nothing arrived within the timeout; any other error only means that the
// range has to be requested in another way, which reports the cause better.
func (s *scan) tryStream(ctx context.Context) (whole bool, err error) {
	trying, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	stream, err := s.kv.RangeStream(trying, s.request(s.Key, s.End, s.Limit), s.accept(0)...)
	held := &pb.RangeResponse{}
	for bytes := int64(0); bytes < s.holdBytes; {
		var part *pb.RangeResponse
		if err == nil {
			part, err = receive(stream)
		}
		if err == nil {
			if err := checkPart(part, s.Key, s.End, lastKey(held.GetKvs())); err != nil {
				return true, err
			}
		}
		if err != nil && trying.Err() != nil && stream != nil && begun(stream) {
			break
		}
		if err != nil {
			return false, s.failure(trying, err)
		}
		bytes += size(part.GetKvs())
		held.Kvs = append(held.Kvs, part.GetKvs()...)
		if part.GetHeader() != nil { // only the last part has it
			s.count = part.GetCount()
			if err := s.pin(part); err != nil {
				return true, err
			}
			return true, s.hand(ctx, held.Kvs, part.GetMore())
		}
	}
	cancel()
	s.retry.Succeeded()
	return false, s.retry.Loop(ctx, s.askRevision)
}

// begun reports whether a stream that has failed has returned anything.
func begun(stream grpc.ClientStream) bool {
	header, err := stream.Header()
	return err == nil && header != nil
}

// insist reads the whole range without a request that might fail for good and
// that a retry could mend. It never waits one timeout for an answer that could
// have arrived in parts.
func (s *scan) insist(ctx context.Context) error {
	if err := s.retry.Loop(ctx, s.askRevision); err != nil {
		return err
	}
	err := s.stream(ctx)
	if !errors.Is(err, errNoStream) {
		return err
	}
	return s.plain(ctx)
}

// plain reads the rest of the range by plain requests, after a first answer.
func (s *scan) plain(ctx context.Context) error {
	if s.done == 0 {
		more := false
		err := s.retry.Loop(ctx, func(ctx context.Context) (err error) {
			more, err = s.firstPage(ctx)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
	return s.pages(ctx)
}

// askRevision gets the header, the revision to read at, and the number of keys.
func (s *scan) askRevision(ctx context.Context) error {
	first := s.request(s.Key, s.End, 0)
	first.CountOnly, first.KeysOnly = true, false
	resp, err := s.ask(ctx, first)
	if err != nil {
		return err
	}
	s.count = resp.GetCount()
	return s.pin(resp)
}

// pin keeps the header of the first answer and the revision of the range.
func (s *scan) pin(first *pb.RangeResponse) error {
	s.header = first.GetHeader()
	if s.pinned == 0 {
		s.pinned = s.header.GetRevision()
	}
	if s.pinned <= 0 {
		return wrong("it has no revision")
	}
	return nil
}

// firstPage requests the beginning of the range and reports whether there is
// more to read.
func (s *scan) firstPage(ctx context.Context) (more bool, err error) {
	limit := s.left(s.firstKeys)
	for {
		resp, err := s.ask(ctx, s.request(s.Key, s.End, limit))
		if tooMuch(err) && limit > 1 {
			limit = (limit + 9) / 10
			continue
		}
		if err != nil {
			return false, err
		}
		s.count = resp.GetCount()
		if err := s.pin(resp); err != nil {
			return false, err
		}
		err = s.hand(ctx, resp.GetKvs(), s.beyond())
		return resp.GetMore() && !s.full(0), err
	}
}

// errNoStream is the end of a stream that the server does not have, or has not
// for this.
var errNoStream = status.Error(codes.Unimplemented, "no range stream")
