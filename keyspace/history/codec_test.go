package history

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// samples are messages as servers send them, and others.
func samples(t testing.TB) (all [][]byte) {
	t.Helper()
	kv := &mvccpb.KeyValue{Key: []byte("k"), CreateRevision: 2, ModRevision: 300, Version: 4, Value: []byte("v"), Lease: -5}
	for _, resp := range []*pb.WatchResponse{
		{},
		{Header: &pb.ResponseHeader{ClusterId: 1, Revision: 7}, WatchId: 3, Created: true},
		{Canceled: true, CompactRevision: 8, CancelReason: "reason", Fragment: true},
		{Events: []*mvccpb.Event{{}, {Kv: kv}, {Kv: kv, PrevKv: kv}, {Type: mvccpb.Event_DELETE, Kv: &mvccpb.KeyValue{Key: []byte("d"), ModRevision: 9}}}},
		{Header: &pb.ResponseHeader{RaftTerm: 1}, Events: []*mvccpb.Event{{Kv: kv, PrevKv: kv}, {PrevKv: kv, Kv: kv}}},
	} {
		msg, err := proto.Marshal(resp)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, msg)
	}
	newer := protowire.AppendBytes(protowire.AppendTag(nil, 99, protowire.BytesType), []byte("x"))
	for _, event := range [][]byte{newer, protowire.AppendBytes(protowire.AppendTag(nil, fieldKV, protowire.BytesType), newer)} {
		all = append(all, protowire.AppendBytes(protowire.AppendTag(nil, fieldEvents, protowire.BytesType), event))
	}
	return append(all, []byte("\x5a\x05"), []byte("\xff"))
}

// decodesAlike holds the codec against the one of grpc.
func decodesAlike(t *testing.T, msg []byte) {
	t.Helper()
	var got, want pb.WatchResponse
	c := newCodec()
	data := mem.BufferSlice{mem.SliceBuffer(msg)}
	err, wantErr := c.Unmarshal(data, &got), c.CodecV2.Unmarshal(data, &want)
	if (err == nil) != (wantErr == nil) || err == nil && !proto.Equal(&got, &want) {
		t.Errorf("%x: got %v, %v, want %v, %v", msg, &got, err, &want, wantErr)
	}
}

func TestCodec(t *testing.T) {
	t.Parallel()
	for _, msg := range samples(t) {
		decodesAlike(t, msg)
	}
}

func FuzzCodec(f *testing.F) {
	for _, msg := range samples(f) {
		f.Add(msg)
	}
	f.Fuzz(decodesAlike)
}
