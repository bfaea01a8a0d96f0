package ctl

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
)

const txnPrompts = "compares:\nsuccess requests (get, put, del):\nfailure requests (get, put, del):\n"

func TestTxn(t *testing.T) {
	t.Parallel()
	f := &kvServer{answer: func(proto.Message) (proto.Message, error) {
		return &pb.TxnResponse{Header: fakeHeader(), Succeeded: true, Responses: []*pb.ResponseOp{
			{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}},
		}}, nil
	}}
	r := runner{endpoint: f.start(t)}
	input := "  mod(\"k\") > \"0\" \r\nlease(\"l\") = \"7f\"\n\n put k 'v 1' --lease 7f --prev-kv\nget a --prefix\n \t\ndel k --prev-kv\n\nnot read any more"
	want := &pb.TxnRequest{
		Compare: []*pb.Compare{
			{Key: []byte("k"), Target: pb.Compare_MOD, Result: pb.Compare_GREATER, TargetUnion: &pb.Compare_ModRevision{}},
			{Key: []byte("l"), Target: pb.Compare_LEASE, TargetUnion: &pb.Compare_Lease{Lease: 0x7f}},
		},
		Success: []*pb.RequestOp{
			{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: []byte("k"), Value: []byte("v 1"), Lease: 0x7f, PrevKv: true}}},
			{Request: &pb.RequestOp_RequestRange{RequestRange: &pb.RangeRequest{Key: []byte("a"), RangeEnd: []byte("b")}}},
		},
		Failure: []*pb.RequestOp{
			{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte("k"), PrevKv: true}}},
		},
	}
	r.in = strings.NewReader(input)
	r.run(t, "txn").is(t, ran{out: "SUCCESS\n\nOK\n"})
	r.in = strings.NewReader(input)
	r.run(t, "txn", "--interactive", "-w", "json").is(t, ran{out: txnPrompts +
		`{"header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":4},"succeeded":true,"responses":[{"Response":{"response_put":{}}}]}` + "\n"})
	sameMessages(t, f.requests(), want, want)
}

// Input that ends early, or has a line that can't be used, sends nothing.
func TestTxnBadInput(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, out string // out under -i
		want    ran
	}{
		{"", "compares:\n", ran{3, "", "Error: EOF\n"}},
		{"\n\n", txnPrompts, ran{3, "", "Error: EOF\n"}},
		{"\n\nput a b\n", txnPrompts, ran{3, "", "Error: EOF\n"}},
		{"\nput a b", "compares:\nsuccess requests (get, put, del):\n", ran{3, "", "Error: EOF\n"}},
		{"mod\n\n\n", "compares:\n", ran{3, "", "Error: malformed comparison: mod\n"}},
		{"\nput -h\n\n\n", "compares:\nsuccess requests (get, put, del):\n", ran{3, "", "Error: invalid txn request: put -h\n"}},
		{"\n\nput k\nvalue\n\n", txnPrompts, ran{128, "", "Error: put command needs 1 argument and input from stdin or 2 arguments\n"}},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			f := &kvServer{}
			r := runner{endpoint: f.start(t), in: strings.NewReader(tt.in)}
			r.run(t, "txn").is(t, tt.want)
			r.in = strings.NewReader(tt.in)
			r.run(t, "txn", "-i").is(t, ran{tt.want.code, tt.out, tt.want.err})
			sameMessages(t, f.requests())
		})
	}
}

// A plain range causes a warning when its line has been read.
func TestTxnWarns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		a := &app{streams: cli.Streams{In: strings.NewReader("\ndel a b\n\n\n"), Err: &out}}
		begin := time.Now()
		op, err := (&txnOptions{}).read(t.Context(), a)
		if err != nil || !op.IsTxn() || time.Since(begin) != 0 {
			t.Errorf("got %+v after %v with error %v", op, time.Since(begin), err)
		}
		if want := (&delOptions{}).warning([]string{"a", "b"}) + "\n"; out.String() != want {
			t.Errorf("printed %q, want %q", out.String(), want)
		}
	})
}

// Waiting for a line ends with the context, whatever it waits for.
func TestTxnInterrupted(t *testing.T) {
	t.Parallel()
	never, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	if _, err := (&txnOptions{}).read(ctx, &app{streams: cli.Streams{In: never}}); !errors.Is(err, errInterrupted) || cli.CodeOf(err) != cli.Failure {
		t.Errorf("got %v", err)
	}
}
