package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
	"etcdkit/commands/read"
)

// bytesOf is the field of a request that holds s.
func bytesOf(s string) []byte { return []byte(s) }

// Each command line sends exactly one request. To a server without the range
// stream, that for a range is one for its first keys.
func TestRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string // split at blanks; "" is an empty argument
		in   string
		want proto.Message
		out  string
	}{
		{"put a b", "", &pb.PutRequest{Key: bytesOf("a"), Value: bytesOf("b")}, "OK\n"},
		{"put a", "x\ny\n", &pb.PutRequest{Key: bytesOf("a"), Value: bytesOf("x\ny\n")}, "OK\n"},
		{"put a -- -5", "", &pb.PutRequest{Key: bytesOf("a"), Value: bytesOf("-5")}, "OK\n"},
		{`put a ""`, "", &pb.PutRequest{Key: bytesOf("a")}, "OK\n"},
		{"put a b --lease 7f --prev-kv", "", &pb.PutRequest{Key: bytesOf("a"), Value: bytesOf("b"), Lease: 0x7f, PrevKv: true}, "OK\n"},
		{"put a --ignore-value", "", &pb.PutRequest{Key: bytesOf("a"), IgnoreValue: true}, "OK\n"},
		{"put a b --ignore-lease", "", &pb.PutRequest{Key: bytesOf("a"), Value: bytesOf("b"), IgnoreLease: true}, "OK\n"},

		{"get a", "", &pb.RangeRequest{Key: bytesOf("a")}, ""},
		{"get a m", "", &pb.RangeRequest{Key: bytesOf("a"), RangeEnd: bytesOf("m"), Limit: 500}, ""},
		{"get a m z", "", &pb.RangeRequest{Key: bytesOf("a"), RangeEnd: bytesOf("m"), Limit: 500}, ""},
		{"get a --prefix", "", &pb.RangeRequest{Key: bytesOf("a"), RangeEnd: bytesOf("b"), Limit: 500}, ""},
		{`get "" --prefix`, "", &pb.RangeRequest{Key: bytesOf("\x00"), RangeEnd: bytesOf("\x00"), Limit: 500}, ""},
		{"get a --from-key", "", &pb.RangeRequest{Key: bytesOf("a"), RangeEnd: bytesOf("\x00"), Limit: 500}, ""},
		{`get "" --from-key`, "", &pb.RangeRequest{Key: bytesOf("\x00"), RangeEnd: bytesOf("\x00"), Limit: 500}, ""},
		{"get a --limit 3 --rev 2 --keys-only", "", &pb.RangeRequest{Key: bytesOf("a"), Limit: 3, Revision: 2, KeysOnly: true}, ""},
		{"get a --consistency s --rev=-1", "", &pb.RangeRequest{Key: bytesOf("a"), Serializable: true}, ""},
		{"get a --order descend --sort-by value", "", &pb.RangeRequest{Key: bytesOf("a"), SortOrder: pb.RangeRequest_DESCEND, SortTarget: pb.RangeRequest_VALUE}, ""},
		{"get a --order ASCEND --sort-by Key", "", &pb.RangeRequest{Key: bytesOf("a")}, ""},
		{"get a --order ASCEND --sort-by MODIFY", "", &pb.RangeRequest{Key: bytesOf("a"), SortOrder: pb.RangeRequest_ASCEND, SortTarget: pb.RangeRequest_MOD}, ""},
		{
			"get a --min-mod-rev 2 --max-mod-rev 3 --min-create-rev 4 --max-create-rev 5", "",
			&pb.RangeRequest{Key: bytesOf("a"), MinModRevision: 2, MaxModRevision: 3, MinCreateRevision: 4, MaxCreateRevision: 5}, "",
		},
		{
			"get a --count-only -w fields", "", &pb.RangeRequest{Key: bytesOf("a"), CountOnly: true},
			"\"ClusterID\" : 1\n\"MemberID\" : 2\n\"Revision\" : 3\n\"RaftTerm\" : 4\n\"More\" : false\n\"Count\" : 0\n",
		},

		{"del a", "", &pb.DeleteRangeRequest{Key: bytesOf("a")}, "0\n"},
		{"del a m --range", "", &pb.DeleteRangeRequest{Key: bytesOf("a"), RangeEnd: bytesOf("m")}, "0\n"},
		{"del a --prefix --prev-kv", "", &pb.DeleteRangeRequest{Key: bytesOf("a"), RangeEnd: bytesOf("b"), PrevKv: true}, "0\n"},
		{"del a --from-key", "", &pb.DeleteRangeRequest{Key: bytesOf("a"), RangeEnd: bytesOf("\x00")}, "0\n"},
		{`del "" --prefix`, "", &pb.DeleteRangeRequest{Key: bytesOf("\x00"), RangeEnd: bytesOf("\x00")}, "0\n"},
		{`del "" --from-key --yes`, "", &pb.DeleteRangeRequest{Key: bytesOf("\x00"), RangeEnd: bytesOf("\x00")}, "0\n"},
		{"del a -w json", "", &pb.DeleteRangeRequest{Key: bytesOf("a")}, `{"header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":4}}` + "\n"},

		{"compaction 42", "", &pb.CompactionRequest{Revision: 42}, "compacted revision 42\n"},
		{"compact -w json --physical -- -1", "", &pb.CompactionRequest{Revision: -1, Physical: true}, "compacted revision -1\n"},
		{"compact 5 -w protobuf", "", &pb.CompactionRequest{Revision: 5}, "compacted revision 5\n"},

		{"lease grant 60", "", &pb.LeaseGrantRequest{TTL: 60}, "lease 0000000000000abc granted with TTL(60s)\n"},
		{"lease grant -- -1", "", &pb.LeaseGrantRequest{TTL: -1}, "lease 0000000000000abc granted with TTL(-1s)\n"},
		{"lease revoke 7f", "", &pb.LeaseRevokeRequest{ID: 0x7f}, "lease 000000000000007f revoked\n"},
		{"lease timetolive 7f", "", &pb.LeaseTimeToLiveRequest{ID: 0x7f}, "lease 000000000000007f granted with TTL(9s), remaining(7s)\n"},
		{
			"lease timetolive 7f --keys", "", &pb.LeaseTimeToLiveRequest{ID: 0x7f, Keys: true},
			"lease 000000000000007f granted with TTL(9s), remaining(7s), attached keys([])\n",
		},
		{"lease list", "", &pb.LeaseLeasesRequest{}, "found 1 leases\n0000000000000abc\n"},
		{"lease list more words", "", &pb.LeaseLeasesRequest{}, "found 1 leases\n0000000000000abc\n"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			f := &kvServer{}
			args := strings.Fields(tt.args)
			for i := range args {
				args[i] = strings.Trim(args[i], `"`)
			}
			runner{endpoint: f.start(t), in: strings.NewReader(tt.in)}.run(t, args...).is(t, ran{out: tt.out})
			sameMessages(t, f.requests(), tt.want)
		})
	}
}

// What is wrong with a command line is said before anything is sent.
func TestWrongCommandLines(t *testing.T) {
	t.Parallel()
	const (
		putArgs  = "put command needs 1 argument and input from stdin or 2 arguments"
		getArgs  = "get command needs one argument as key and an optional argument as range_end"
		delArgs  = "del command needs one argument as key and an optional argument as range_end"
		both     = "`--prefix` and `--from-key` cannot be set at the same time, choose one"
		tooMany  = "too many arguments, only accept one argument when `--prefix` or `--from-key` is set"
		badLease = `bad lease ID arg "zz", expecting ID in Hex, as lease list shows it`
		format   = `unsupported output format: "bad": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml`
	)
	for _, tt := range []struct {
		args string
		code cli.Code
		err  string
	}{
		{"put", cli.BadArgs, putArgs},
		{"put a", cli.BadArgs, putArgs + `: standard input is empty; for an empty value use put a ""`}, // nothing on standard input
		{"put a b --ignore-value", cli.BadArgs, "put command needs only 1 argument when 'ignore-value' is set"},
		{"put a b --lease zz", cli.BadArgs, `bad lease ID "zz", expecting ID in Hex, as lease list shows it`},
		{"put a b --lease 8fffffffffffffff", cli.BadArgs, `bad lease ID "8fffffffffffffff", expecting ID in Hex, as lease list shows it`},
		{"put a b -w bad", cli.BadFeature, format},
		{"put -w bad", cli.BadArgs, putArgs},

		{"get", cli.BadArgs, getArgs},
		{"get a --prefix --from-key", cli.BadArgs, both},
		{"get a b --prefix --from-key", cli.BadArgs, both},
		{"get a --keys-only --count-only", cli.BadArgs, "`--keys-only` and `--count-only` cannot be set at the same time, choose one"},
		{"get a b --prefix", cli.BadArgs, tooMany},
		{"get a --min-create-rev 3 --max-create-rev 2", cli.BadFeature, "getMinCreateRev(=3) > getMaxCreateRev(=2)"},
		{"get a --min-mod-rev 3 --max-mod-rev 2", cli.BadFeature, "getMinModRev(=3) > getMaxModRev(=2)"},
		{"get a --order up", cli.BadFeature, "bad sort order up: use ASCEND or DESCEND"},
		{"get a --sort-by size", cli.BadFeature, "bad sort target size: use CREATE, KEY, MODIFY, VALUE or VERSION"},
		{"get a --consistency x", cli.BadFeature, `unknown consistency flag "x": use l (linearizable) or s (serializable)`},
		{"get a --count-only", cli.BadArgs, "--count-only is only for `--write-out=fields`"},
		{"get a --print-value-only -w json", cli.BadArgs, "print-value-only is only for `--write-out=simple`"},
		{"get a --print-value-only -w bad", cli.BadFeature, format},
		{"get a --sort-by size --consistency x", cli.BadFeature, `unknown consistency flag "x": use l (linearizable) or s (serializable)`},
		{"get a b --prefix --consistency x", cli.BadFeature, `unknown consistency flag "x": use l (linearizable) or s (serializable)`},
		{"get a b --prefix --min-mod-rev 3 --max-mod-rev 2", cli.BadArgs, tooMany},
		{"get a --prefix --from-key --consistency x", cli.BadArgs, both},

		{"del", cli.BadArgs, delArgs},
		{"del a b c", cli.BadArgs, delArgs},
		{"del a b --prefix --from-key", cli.BadArgs, both},
		{"del a b --from-key", cli.BadArgs, tooMany},
		{"del a b -w bad", cli.BadFeature, format}, // said at once, not after the warning's pause

		{"compaction", cli.BadArgs, "compaction command needs 1 argument"},
		{"compaction 1 2", cli.BadArgs, "compaction command needs 1 argument"},
		{"compaction one", cli.Failure, `bad revision "one": use a whole number, or --latest or --keep`},
		{"compact one -w bad", cli.Failure, `bad revision "one": use a whole number, or --latest or --keep`},
		{"compact 1 -w bad", cli.BadFeature, format},

		{"txn now", cli.BadArgs, "txn command does not accept argument"},
		{"txn -w bad", cli.BadFeature, format},

		{"lease grant", cli.BadArgs, "lease grant command needs TTL argument"},
		{"lease grant 1 2", cli.BadArgs, "lease grant command needs TTL argument"},
		{"lease grant long", cli.BadArgs, `bad TTL "long": use a number of seconds, such as 60`},
		{"lease grant 5m", cli.BadArgs, `bad TTL "5m": use a number of seconds without a unit, here 300`},
		{"lease grant 1 -w bad", cli.BadFeature, format},
		{"lease revoke", cli.BadArgs, "lease revoke command needs 1 argument"},
		{"lease revoke zz -w bad", cli.BadArgs, badLease},
		{"lease revoke 1 -w bad", cli.BadFeature, format},
		{"lease timetolive", cli.BadArgs, "lease timetolive command needs lease ID as argument"},
		{"lease timetolive zz", cli.BadArgs, badLease},
		{"lease timetolive zz -w bad", cli.BadFeature, format},
		{"lease list -w bad", cli.BadFeature, format},
		{"lease keep-alive", cli.BadArgs, "lease keep-alive command needs lease ID as argument"},
		{"lease keep-alive zz", cli.BadArgs, badLease},
		{"lease keep-alive zz --once", cli.BadArgs, badLease},
		{"lease keep-alive 1 -w bad", cli.BadFeature, format},
		{"lease keep-alive 1 --once -w bad", cli.BadFeature, format},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			f := &kvServer{}
			runner{endpoint: f.start(t)}.run(t, strings.Fields(tt.args)...).is(t, ran{code: tt.code, err: "Error: " + tt.err + "\n"})
			sameMessages(t, f.requests())
		})
	}
}

// What the server refuses ends with the code of the command.
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		fail error
		want ran
	}{
		{"put a b", rpctypes.ErrGRPCNoSpace, ran{1, "", "Error: etcdserver: mvcc: database space exceeded: the quota is used up; compaction, then defrag, then alarm disarm make room\n"}},
		{"del a", rpctypes.ErrGRPCPermissionDenied, ran{1, "", "Error: etcdserver: permission denied\n"}},
		{"compact 3", rpctypes.ErrGRPCCompacted, ran{1, "", "Error: etcdserver: mvcc: required revision has been compacted\n"}},
		{"lease grant 3", rpctypes.ErrGRPCLeaseTTLTooLarge, ran{1, "", "Error: failed to grant lease (etcdserver: too large lease TTL)\n"}},
		{"lease revoke 3", rpctypes.ErrGRPCLeaseNotFound, ran{1, "", "Error: failed to revoke lease (etcdserver: requested lease not found)\n"}},
		{"lease timetolive 3", rpctypes.ErrGRPCPermissionDenied, ran{2, "", "Error: etcdserver: permission denied\n"}},
		{"lease list", rpctypes.ErrGRPCPermissionDenied, ran{2, "", "Error: etcdserver: permission denied\n"}},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			f := &kvServer{answer: func(proto.Message) (proto.Message, error) { return nil, tt.fail }}
			runner{endpoint: f.start(t)}.run(t, strings.Fields(tt.args)...).is(t, tt.want)
		})
	}
}

// No request waits for a dead endpoint longer than --command-timeout.
func TestDeadEndpoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args, in string
		code     cli.Code
		err      string
	}{
		{"del a", "", 1, "%s"},
		{"compact 3", "", 1, "%s"},
		{"txn", "\n\n\n", 1, "%s"},
		{"lease grant 3", "", 1, "failed to grant lease (%s)"},
		{"lease revoke 3", "", 1, "failed to revoke lease (%s)"},
		{"lease timetolive 3", "", 2, "%s"},
		{"lease list", "", 2, "%s"},
		{"lease keep-alive 3 --once", "", 2, "%s"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				r := runner{endpoint: "a:1", net: new(conntest.Network), in: strings.NewReader(tt.in)}
				r.run(t, append([]string{"--command-timeout", "300ms"}, strings.Fields(tt.args)...)...).
					is(t, ran{code: tt.code, err: "Error: " + fmt.Sprintf(tt.err, "a:1: connection refused: context deadline exceeded") + "\n"})
				if took := time.Since(begun); took != 300*time.Millisecond {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestPutReadsItsValue(t *testing.T) {
	t.Parallel()
	broken := errors.New("the pipe broke")
	o := &putOptions{lease: "0"}
	_, err := o.op([]string{"a"}, iotest.ErrReader(broken))
	if !errors.Is(err, broken) || cli.CodeOf(err) != cli.BadArgs {
		t.Errorf("got %v with code %d", err, cli.CodeOf(err))
	}
	op, err := o.op([]string{"a", "given"}, iotest.ErrReader(broken))
	if err != nil || string(op.ValueBytes()) != "given" {
		t.Errorf("got value %q and error %v", op.ValueBytes(), err)
	}
}

// A put that waits for its value on a terminal ends with the run, as Ctrl-C ends it.
func TestPutStopsWaiting(t *testing.T) {
	t.Parallel()
	in, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		_, _ = io.WriteString(w, "half") // is taken by put
		cancel(errors.New("enough"))
	}()
	var out, err lockedBuffer
	code := Main(ctx, cli.Streams{In: in, Out: &out, Err: &err}, []string{"put", "a"})
	ran{code, out.String(), err.String()}.is(t, ran{128, "", "Error: read value from standard input: enough\n"})
}

func TestDelWarning(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		o    delOptions
		args []string
		want string
	}{
		{delOptions{}, []string{"a"}, ""},
		{delOptions{RangeFlags: read.RangeFlags{Prefix: true}}, []string{"a"}, ""},
		{delOptions{meanRange: true}, []string{"a", "b"}, ""},
		{
			delOptions{}, []string{"a", "b\n"}, `Warning: Keys between "a" and "b\n" will be deleted. Please interrupt the command ` +
				"within next 2 seconds to cancel. You can provide `--range` flag to avoid the delay.",
		},
	} {
		if got := tt.o.warning(tt.args); got != tt.want {
			t.Errorf("%+v %q: got %q, want %q", tt.o, tt.args, got, tt.want)
		}
	}
}

// A command without a terminal can't be cancelled by its user, so del does not
// wait there.
func TestDelDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		a := &app{streams: cli.Streams{In: strings.NewReader(""), Err: &out}}
		begin := time.Now()
		for _, warning := range []string{"careful", ""} {
			if err := pauseToCancel(t.Context(), a, warning); err != nil || time.Since(begin) != 0 {
				t.Errorf("%q: ended after %v with error %v", warning, time.Since(begin), err)
			}
		}
		if out.String() != "careful\n" {
			t.Errorf("printed %q", out.String())
		}
	})
}

var errInterrupted = errors.New("interrupted")

func TestDelPrintsDeletedPairs(t *testing.T) {
	t.Parallel()
	f := &kvServer{answer: func(proto.Message) (proto.Message, error) {
		return &pb.DeleteRangeResponse{Deleted: 1, PrevKvs: []*mvccpb.KeyValue{{Key: []byte("k"), Value: []byte("v")}}}, nil
	}}
	runner{endpoint: f.start(t)}.run(t, "del", "k", "--prev-kv").is(t, ran{out: "1\nk\nv\n"})
}
