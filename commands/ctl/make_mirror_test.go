package ctl

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/mirror"
	"etcdkit/printer"
)

func TestMakeMirrorOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		o    makeMirrorOptions
		want mirror.Options
		err  string
	}{
		{"nothing", makeMirrorOptions{}, mirror.Options{}, ""},
		{"prefix", makeMirrorOptions{prefix: "/a/"}, mirror.Options{Prefix: "/a/", DestPrefix: "/a/"}, ""},
		{"prefix from a revision", makeMirrorOptions{prefix: "/a/", rev: 7}, mirror.Options{Prefix: "/a/", DestPrefix: "/a/", Rev: 7}, ""},
		{"both", makeMirrorOptions{prefix: "/a/", destPrefix: "/b/"}, mirror.Options{Prefix: "/a/", DestPrefix: "/b/"}, ""},
		{"destination's alone", makeMirrorOptions{destPrefix: "/b/"}, mirror.Options{DestPrefix: "/b/"}, ""},
		{"none there", makeMirrorOptions{prefix: "/a/", noDestPrefix: true}, mirror.Options{Prefix: "/a/"}, ""},
		{"operations", makeMirrorOptions{maxTxnOps: 7}, mirror.Options{Limits: bulk.Limits{Ops: 7}}, ""},
		{"as many as one likes", makeMirrorOptions{maxTxnOps: 1 << 63}, mirror.Options{Limits: bulk.Limits{Ops: 1 << 20}}, ""},
		{"ours", makeMirrorOptions{once: true, deleteExtra: true, rev: 1}, mirror.Options{Once: true, DeleteExtra: true, Rev: 1}, ""},
		{"conflict", makeMirrorOptions{destPrefix: "/b/", noDestPrefix: true}, mirror.Options{},
			"`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one"},
		{"extra without a copy", makeMirrorOptions{deleteExtra: true, rev: 2}, mirror.Options{},
			"`--delete-extra` and `--rev` cannot be set at the same time: without a first copy nothing is known to be extra"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.o.validate()
			if tt.err != "" {
				if err == nil || err.Error() != tt.err || cli.CodeOf(err) != cli.BadArgs {
					t.Errorf("%v (%d), want %s", err, cli.CodeOf(err), tt.err)
				}
				return
			}
			got := tt.o.mirror()
			if err != nil || got.Prefix != tt.want.Prefix || got.DestPrefix != tt.want.DestPrefix || got.Rev != tt.want.Rev ||
				got.Limits != tt.want.Limits || got.Once != tt.want.Once || got.DeleteExtra != tt.want.DeleteExtra {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// What is wrong is said before anything is sent, in upstream's words.
func TestMakeMirrorRefused(t *testing.T) {
	t.Parallel()
	source, dest := &kvServer{}, &kvServer{}
	r, to := runner{endpoint: source.start(t)}, dest.start(t)
	const arguments = "Error: make-mirror takes one destination argument\n"
	const conflict = "Error: `--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one\n"
	for _, tt := range []struct {
		args []string
		want ran
	}{
		{nil, ran{code: 128, err: arguments}},
		{[]string{to, to}, ran{code: 128, err: arguments}},
		{[]string{"-w", "xml"}, ran{code: 128, err: arguments}},
		{[]string{to, "-w", "xml", "--dest-prefix", "a", "--no-dest-prefix"},
			ran{code: 4, err: "Error: unsupported output format: \"xml\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"}},
		{[]string{to, "--dest-prefix", "a", "--no-dest-prefix"}, ran{code: 128, err: conflict}},
		{[]string{to, "--dest-cacert", "/nowhere/ca"}, ran{code: 128, err: "Error: open /nowhere/ca: no such file or directory\n"}},
		{[]string{to, "--max-txn-ops", "-1"}, ran{code: 1,
			err: "Error: invalid argument \"-1\" for \"--max-txn-ops\" flag: use a whole number that is not negative, such as 10\nRun 'etcdctl make-mirror --help' for usage.\n"}},
	} {
		r.run(t, append([]string{"make-mirror"}, tt.args...)...).is(t, tt.want)
	}
	if n := len(source.requests()) + len(dest.requests()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// mirrored is a source of two keys.
func mirrored() *kvServer {
	return &kvServer{answer: func(m proto.Message) (proto.Message, error) {
		if _, ok := m.(*pb.RangeRequest); !ok {
			return nil, nil
		}
		return &pb.RangeResponse{Header: fakeHeader(), Count: 2, Kvs: []*mvccpb.KeyValue{
			{Key: []byte("/a/1"), Value: []byte("x")}, {Key: []byte("/a/2"), Value: []byte("y")},
		}}, nil
	}}
}

func TestMakeMirrorOnce(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"simple", "json", "fields", "table", "protobuf"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			source, dest := mirrored(), &kvServer{}
			r, to := runner{endpoint: source.start(t)}, dest.start(t)
			r.run(t, "make-mirror", to, "--once", "--prefix", "/a/", "--dest-prefix", "/b/", "-w", format).is(t, ran{out: "2\n"})
			first, end := []byte("/a/"), []byte("/a0")
			sameMessages(t, source.requests(),
				&pb.RangeRequest{Key: first, RangeEnd: end, CountOnly: true},
				&pb.RangeRequest{Key: first, RangeEnd: end, CountOnly: true, Revision: 3}, // for the header
				&pb.RangeRequest{Key: first, RangeEnd: end, Limit: 500, Revision: 3})
			var written []string
			for _, m := range dest.requests() {
				written = append(written, puts(m)...)
			}
			if got := strings.Join(written, " "); got != "/b/1=x@0 /b/2=y@0" {
				t.Errorf("wrote %s", got)
			}
		})
	}
}

// A mirror whose destination can't be reached fails, with the cause.
func TestMakeMirrorUnreachable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var loopback conntest.Network
		runner{endpoint: mirrored().at(t, &loopback, "a:1"), net: &loopback}.run(t, "make-mirror", "b:1").is(t,
			ran{code: 1, err: "Error: b:1: connection refused: at the destination\n"})
	})
}

// The total is printed at each tick, bare.
func TestMakeMirrorNumbers(t *testing.T) {
	t.Parallel()
	client := func(f *kvServer) mirror.Cluster {
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{f.start(t)}, Logger: zap.NewNop()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return mirror.Cluster{Client: c, Explain: func(err error) error { return err }}
	}
	watched := make(chan struct{})
	source := mirrored()
	source.watch = func(ctx context.Context, _ pb.Watch_WatchServer, _ *pb.WatchCreateRequest) error {
		close(watched) // the copy is done
		<-ctx.Done()
		return nil
	}
	var out bytes.Buffer
	p, err := printer.New(&out, "simple", printer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := mirror.New(client(source), client(&kvServer{}), mirror.Options{Timeout: time.Minute, Note: func(text string) { t.Error(text) }})
	ctx, cancel := context.WithCancelCause(t.Context())
	tick, ended := make(chan time.Time), make(chan error)
	go func() { ended <- runPrinting(ctx, m, p, tick) }()
	<-watched
	tick <- time.Time{}
	tick <- time.Time{}
	boom := errors.New("interrupt")
	cancel(boom)
	if err := <-ended; !errors.Is(err, boom) {
		t.Errorf("ended with %v", err)
	}
	if got := out.String(); got != "2\n2\n" {
		t.Errorf("printed %q", got)
	}
}
