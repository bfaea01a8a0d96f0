package ctl

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// A dry run reads the keys that would be deleted, and sends nothing else.
func TestDelDryRun(t *testing.T) {
	t.Parallel()
	found := &pb.RangeResponse{Kvs: []*mvccpb.KeyValue{{Key: []byte("k1"), Value: []byte("v1")}}, More: true, Count: 7}
	tests := []struct {
		args []string
		want *pb.RangeRequest
		out  string
	}{
		{[]string{"k", "--prefix"}, &pb.RangeRequest{Key: []byte("k"), RangeEnd: []byte("l"), Limit: 10, KeysOnly: true},
			"7 keys would be deleted\nk1\n...\n"},
		{[]string{"k", "--prefix", "--prev-kv"}, &pb.RangeRequest{Key: []byte("k"), RangeEnd: []byte("l"), Limit: 10},
			"7 keys would be deleted\nk1\nv1\n...\n"},
		{[]string{"k", "l"}, &pb.RangeRequest{Key: []byte("k"), RangeEnd: []byte("l"), Limit: 10, KeysOnly: true},
			"7 keys would be deleted\nk1\n...\n"},
		{[]string{"", "--from-key"}, &pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}, Limit: 10, KeysOnly: true},
			"7 keys would be deleted\nk1\n...\n"},
		{[]string{"k", "-w", "json"}, &pb.RangeRequest{Key: []byte("k"), Limit: 10, KeysOnly: true},
			`{"kvs":[{"key":"azE=","value":"djE="}],"more":true,"count":7}` + "\n"},
	}
	for _, tt := range tests {
		f := &kvServer{answer: func(proto.Message) (proto.Message, error) { return found, nil }}
		args := append([]string{"del", "--dry-run"}, tt.args...)
		runner{endpoint: f.start(t)}.run(t, args...).is(t, ran{0, tt.out, ""})
		sameMessages(t, f.requests(), tt.want)
	}
}

func TestDelDryRunChecksFirst(t *testing.T) {
	t.Parallel()
	f := &kvServer{}
	at := runner{endpoint: f.start(t)}
	at.run(t, "del", "--dry-run").is(t, ran{128, "", "Error: del command needs one argument as key and an optional argument as range_end\n"})
	at.run(t, "del", "a", "--prefix", "--from-key", "--dry-run").is(t, ran{128, "",
		"Error: `--prefix` and `--from-key` cannot be set at the same time, choose one\n"})
	at.run(t, "del", "a", "--dry-run", "-w", "yam").is(t, ran{4, "", badFormat})
	sameMessages(t, f.requests())
}
