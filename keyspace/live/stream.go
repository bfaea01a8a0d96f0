package live

import (
	"context"
	"errors"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/keyspace/retry"
)

// stream reads the rest of the range by range streams, each of which continues
// where the previous one failed. If the next part of a stream does not arrive
// in time, requests read the rest, because they can ask for less.
func (s *scan) stream(ctx context.Context) error {
	err := s.retry.Loop(ctx, func(ctx context.Context) error {
		for !s.tooSlow {
			before := s.done
			err := s.streamOnce(ctx)
			switch {
			case retry.MessageTooLarge(err) && s.done > before:
				continue // a stream begins with small parts
			case retry.MessageTooLarge(err), NoStream(err):
				return errNoStream
			case err != nil:
				s.repeated, s.tooSlow = true, errors.Is(err, context.DeadlineExceeded)
			}
			return err
		}
		return errNoStream
	})
	return err
}

// NoStream reports whether an error says that a server has no range stream. A
// learner has none.
func NoStream(err error) bool {
	return status.Code(err) == codes.Unimplemented || errors.Is(err, rpctypes.Error(rpctypes.ErrGRPCNotSupportedForLearner))
}

// streamOnce reads one stream to its end.
func (s *scan) streamOnce(ctx context.Context) error {
	before := s.done
	return s.parts(ctx, s.next(), s.left(0), func(part *pb.RangeResponse) (bool, error) {
		final := part.GetHeader() != nil
		if count := before + part.GetCount(); final && s.count < 0 {
			s.count = count
		} else if final && s.count != count {
			return false, wrong("%d keys counted at first, %d at the end", s.count, count)
		}
		return final, s.hand(ctx, part.GetKvs(), part.GetMore())
	})
}

// parts calls take with each part of a stream, the last of which has a header,
// until take reports that it needs no more.
func (s *scan) parts(ctx context.Context, from string, limit int64, take func(*pb.RangeResponse) (over bool, err error)) error {
	reading, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(s.Timeout, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	stream, err := s.kv.RangeStream(reading, s.request(from, s.End, limit), s.accept(0)...)
	for err == nil {
		var part *pb.RangeResponse
		start := time.Now()
		if part, err = receive(stream); err != nil {
			break
		}
		late.Stop()
		s.pace.came(size(part.GetKvs()), time.Since(start))
		if err := checkPart(part, s.Key, s.End, s.last); err != nil {
			return err
		}
		if over, err := take(part); over || err != nil {
			return err
		}
		late.Reset(s.Timeout)
	}
	if reading.Err() != nil && ctx.Err() == nil {
		return context.Cause(reading)
	}
	return s.failure(ctx, err)
}

func receive(stream grpc.ServerStreamingClient[pb.RangeStreamResponse]) (*pb.RangeResponse, error) {
	resp, err := stream.Recv()
	return resp.GetRangeResponse(), err
}
