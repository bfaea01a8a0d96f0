package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// batch is how many revisions a server sends at a time to a watch that lags
// behind, and first the first revision of a store.
const (
	batch = 1000
	first = 2
)

// watch reads a number of past events with one pass of the server through its
// history: it has a watch for each batch, on its own stream. It counts the
// events and does not decode them.
func watch(ctx context.Context, c *clientv3.Client, prefix, events string) error {
	want, err := strconv.Atoi(events)
	if err != nil {
		return err
	}
	resp, err := c.Get(ctx, prefix, clientv3.WithCountOnly())
	if err != nil {
		return err
	}
	var streams []pb.Watch_WatchClient
	for from := int64(first); from <= resp.Header.Revision; from += batch {
		s, err := beginWatch(ctx, c, prefix, from)
		if err != nil {
			return err
		}
		streams = append(streams, s)
	}
	got, errs := make([]counted, len(streams)), make([]error, len(streams))
	stop := sync.OnceFunc(func() { // or the server would read again
		for _, s := range streams {
			_ = s.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{CancelRequest: &pb.WatchCancelRequest{}}})
		}
	})
	var all sync.WaitGroup
	for i, s := range streams {
		all.Go(func() {
			for got[i].events == 0 && errs[i] == nil {
				errs[i] = s.RecvMsg(&got[i])
			}
			stop()
		})
	}
	all.Wait()
	sum := 0
	for i := range got {
		if errs[i] != nil {
			return errs[i]
		}
		sum += got[i].events
	}
	if sum < want {
		return fmt.Errorf("%d events, want %d", sum, want)
	}
	return nil
}

func beginWatch(ctx context.Context, c *clientv3.Client, prefix string, from int64) (pb.Watch_WatchClient, error) {
	s, err := pb.NewWatchClient(c.ActiveConnection()).Watch(ctx, grpc.ForceCodecV2(counter{encoding.GetCodecV2("proto")}), grpc.MaxCallRecvMsgSize(1<<30))
	if err != nil {
		return nil, err
	}
	return s, s.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: &pb.WatchCreateRequest{
		Key: []byte(prefix), RangeEnd: []byte(clientv3.GetPrefixRangeEnd(prefix)), StartRevision: from,
	}}})
}

// counted is the number of events of a response.
type counted struct{ events int }

// counter is a codec that counts the events of responses.
type counter struct{ encoding.CodecV2 }

// Unmarshal counts the events of a message.
func (counter) Unmarshal(data mem.BufferSlice, m any) error {
	const fieldEvents = 11
	events := 0
	for left := data.Materialize(); len(left) > 0; {
		num, _, n := protowire.ConsumeField(left)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if num == fieldEvents {
			events++
		}
		left = left[n:]
	}
	m.(*counted).events = events
	return nil
}
