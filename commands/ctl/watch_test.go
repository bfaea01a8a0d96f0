package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/live"
	"etcdkit/printer"
)

// hookVariable makes the test's own binary the command of a watch; its value
// selects the behaviour of the command.
const hookVariable = "ETCDKIT_TEST_HOOK"

func TestMain(m *testing.M) {
	switch os.Getenv(hookVariable) {
	case "":
		// The runtime's receiver of signals begins with the first Notify. Begun in a
		// bubble of synctest it would belong to that, and never end.
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		signal.Stop(c)
		os.Exit(m.Run())
	case "print":
		fmt.Printf("%q", os.Args[1:])
		for _, name := range []string{"REVISION", "EVENT_TYPE", "KEY", "VALUE"} {
			fmt.Printf(" %s", os.Getenv("ETCD_WATCH_"+name))
		}
		fmt.Println()
	case "fail":
		os.Exit(7)
	case "wait": // until told to end, but not for ever
		fmt.Println("waiting")
		time.Sleep(time.Minute)
	}
}

func TestWatchCommandLines(t *testing.T) {
	t.Parallel()
	const dead = "127.0.0.1:1" // never dialled
	env := func(vars ...string) []string { return vars }
	for _, tt := range []struct {
		args string
		env  []string
		code cli.Code
		err  string
	}{
		{"watch", nil, cli.BadArgs, "bad number of arguments"},
		{"watch --rev 1", nil, cli.BadArgs, "bad number of arguments"},
		{"watch -- x", nil, cli.BadArgs, "bad number of arguments"},
		{"watch a --", nil, cli.BadArgs, "bad number of arguments (found separator --, but no commands)"},
		{"watch a", env("ETCDCTL_WATCH_KEY=k"), cli.BadArgs, "bad number of arguments (found conflicting environment key)"},
		{"watch a -- x", env("ETCDCTL_WATCH_KEY=k"), cli.BadArgs, "bad number of arguments (found conflicting environment key)"},
		{"watch a", env("ETCDCTL_WATCH_RANGE_END=l\n"), cli.BadArgs, `ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END="l\n"`},
		{"watch -i", env("ETCDCTL_WATCH_RANGE_END=l"), cli.BadArgs, `ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END="l"`},
		{"watch a b --prefix", nil, cli.BadArgs, "`range_end` and `--prefix` are mutually exclusive"},
		{"watch --prefix", env("ETCDCTL_WATCH_KEY=k", "ETCDCTL_WATCH_RANGE_END=l"), cli.BadArgs, "`range_end` and `--prefix` are mutually exclusive"},
		{"watch a b --prefix -w bad", nil, cli.BadFeature, `unsupported output format: "bad": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml`},
		{"watch -i -w bad", nil, cli.BadFeature, `unsupported output format: "bad": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml`},
		{"watch -i", nil, cli.InvalidInput, "error reading watch request line: EOF"},
	} {
		runner{endpoint: dead, env: tt.env}.run(t, strings.Fields(tt.args)...).is(t, ran{code: tt.code, err: "Error: " + tt.err + "\n"})
	}
}

// twoEvents is a response with a key that is put, at the revision, and one that
// is deleted, at the next.
func twoEvents(rev int64) *pb.WatchResponse {
	return &pb.WatchResponse{Header: fakeHeader(), Events: []*mvccpb.Event{
		{Kv: &mvccpb.KeyValue{Key: []byte("a"), Value: []byte("x \"\n"), ModRevision: rev}},
		{Type: mvccpb.Event_DELETE, Kv: &mvccpb.KeyValue{Key: []byte("b"), ModRevision: rev + 1}},
	}}
}

const (
	twoEventsSimple = "PUT\na\nx \"\n\nDELETE\nb\n\n"
	watchEnded      = "Error: watch is canceled by the server\n"
)

// sends is a server that answers each watch with responses and then ends it,
// like a watch that lags too far behind. (The client keeps the reason of any
// other end to itself once the watch has begun.)
func sends(responses ...*pb.WatchResponse) *kvServer {
	return &kvServer{watch: func(_ context.Context, w pb.Watch_WatchServer, _ *pb.WatchCreateRequest) error {
		for _, r := range append(responses, &pb.WatchResponse{Header: fakeHeader(), Canceled: true, CompactRevision: 9}) {
			if err := w.Send(r); err != nil {
				return err
			}
		}
		return nil
	}}
}

const canceled = "watch was canceled (etcdserver: mvcc: required revision has been compacted; begin again with --rev 9)\n"

func TestWatchRequests(t *testing.T) {
	t.Parallel()
	create := func(r *pb.WatchCreateRequest) *pb.WatchRequest {
		r.Fragment = true
		return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: r}}
	}
	for _, tt := range []struct {
		args string
		env  []string
		want *pb.WatchCreateRequest
	}{
		{"watch a", nil, &pb.WatchCreateRequest{Key: []byte("a")}},
		{"wat a b --rev 7", nil, &pb.WatchCreateRequest{Key: []byte("a"), RangeEnd: []byte("b"), StartRevision: 7}},
		{"watch a b c", nil, &pb.WatchCreateRequest{Key: []byte("a")}},
		{`watch --prefix ""`, nil, &pb.WatchCreateRequest{Key: []byte{0}, RangeEnd: []byte{0}}},
		{"watch a --prefix --prev-kv --progress-notify", nil, &pb.WatchCreateRequest{Key: []byte("a"), RangeEnd: []byte("b"), PrevKv: true, ProgressNotify: true}},
		{"watch", []string{"ETCDCTL_WATCH_KEY=k"}, &pb.WatchCreateRequest{Key: []byte("k")}},
		{"watch --rev 3", []string{"ETCDCTL_WATCH_KEY=k", "ETCDCTL_WATCH_RANGE_END=l"}, &pb.WatchCreateRequest{Key: []byte("k"), RangeEnd: []byte("l"), StartRevision: 3}},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			f := sends()
			args := strings.Fields(strings.ReplaceAll(tt.args, `""`, "EMPTY"))
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "EMPTY", "")
			}
			runner{endpoint: f.start(t), env: tt.env}.run(t, args...).is(t, ran{code: cli.Interrupted, err: canceled + watchEnded})
			sameMessages(t, f.requests(), create(tt.want))
		})
	}
}

func TestWatchPrints(t *testing.T) {
	t.Parallel()
	endpoint := sends(twoEvents(4), &pb.WatchResponse{Header: fakeHeader()}, twoEvents(6)).start(t)
	head := `{"Header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":4},"Events":`
	events := func(rev int) string {
		return head + fmt.Sprintf(`[{"kv":{"key":"YQ==","mod_revision":%d,"value":"eCAiCg=="}},{"type":1,"kv":{"key":"Yg==","mod_revision":%d}}],"CompactRevision":0,"Canceled":false,"Created":false,"CancelReason":""}`+"\n", rev, rev+1)
	}
	for format, out := range map[string]string{
		"simple": twoEventsSimple + "progress notify: 3\n" + twoEventsSimple,
		"json": events(4) + head + `null,"CompactRevision":0,"Canceled":false,"Created":false,"CancelReason":""}` + "\n" + events(6) +
			head + `null,"CompactRevision":9,"Canceled":true,"Created":false,"CancelReason":""}` + "\n",
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			runner{endpoint: endpoint}.run(t, "watch", "a", "c", "-w", format).is(t, ran{cli.Interrupted, out, canceled + watchEnded})
		})
	}
}

// Events are printed before their commands run, one after the other.
func TestWatchRunsCommand(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := runner{endpoint: sends(twoEvents(4), twoEvents(6)).start(t), env: []string{hookVariable + "=print", "GOCOVERDIR=" + t.TempDir()}}
	const hooks = `["-x" "y z"] 3 "PUT" "a" "x \"\n"` + "\n" + `["-x" "y z"] 3 "DELETE" "b" ""` + "\n"
	r.run(t, "watch", "a", "c", "--", self, "-x", "y z").
		is(t, ran{cli.Interrupted, twoEventsSimple + hooks + twoEventsSimple + hooks, canceled + watchEnded})
}

// A command that fails is run again for the next event; one that can't be run
// ends the program.
func TestWatchCommandFails(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	endpoint := sends(twoEvents(4), twoEvents(6)).start(t)
	fails := fmt.Sprintf("command [%q \"arg\"] error (exit status 7)\n", self)
	r := runner{endpoint: endpoint, env: []string{hookVariable + "=fail", "GOCOVERDIR=" + t.TempDir()}}
	r.run(t, "watch", "a", "c", "--", self, "arg").
		is(t, ran{cli.Interrupted, twoEventsSimple + twoEventsSimple, strings.Repeat(fails, 4) + canceled + watchEnded})

	none := ran{cli.Failure, twoEventsSimple, `command ["/no/such/command"] error (fork/exec /no/such/command: no such file or directory)` + "\n"}
	r.run(t, "watch", "a", "c", "--", "/no/such/command").is(t, none)

	// The input of -i stays open: it is the command that ends the program.
	in, w := io.Pipe()
	defer w.Close()
	go func() { _, _ = fmt.Fprintln(w, "watch a c -- /no/such/command") }()
	waits := &kvServer{watch: func(_ context.Context, w pb.Watch_WatchServer, _ *pb.WatchCreateRequest) error {
		return w.Send(twoEvents(4))
	}}
	r.endpoint, r.in = waits.start(t), in
	r.run(t, "watch", "-i").is(t, none)
}

// A command that is running when the program is interrupted is ended as well.
func TestWatchInterruptedCommand(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	out := &awaited{size: len(twoEventsSimple + "waiting\n"), then: func() { cancel(errInterrupted) }}
	p, err := printer.New(out, "simple", printer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &watchPrinter{streams: cli.Streams{Out: out, Err: io.Discard, Env: []string{hookVariable + "=wait"}}, session: &session{out: p}}
	responses := make(chan clientv3.WatchResponse, 1)
	responses <- clientv3.WatchResponse{Header: fakeHeader(), Events: twoEvents(4).Events}
	if err := w.print(ctx, &live.Watching{Responses: responses}, []string{self}); !errors.Is(err, errInterrupted) {
		t.Errorf("got %v", err)
	}
	if got := out.String(); got != twoEventsSimple+"waiting\n" {
		t.Errorf("printed %q", got)
	}
}

// awaited is a stream that calls then once it has so many bytes.
type awaited struct {
	lockedBuffer
	size int
	then func()
}

func (a *awaited) Write(p []byte) (int, error) {
	n, err := a.lockedBuffer.Write(p)
	if len(a.String()) == a.size {
		a.then()
	}
	return n, err
}

// What can't be written ends the watch.
func TestWatchBrokenOutput(t *testing.T) {
	t.Parallel()
	broken := errors.New("nobody reads")
	p, err := printer.New(brokenWriter{broken}, "simple", printer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &watchPrinter{streams: cli.Streams{Err: io.Discard}, session: &session{out: p}}
	responses := make(chan clientv3.WatchResponse, 1)
	responses <- clientv3.WatchResponse{Header: fakeHeader(), Events: twoEvents(4).Events}
	if err := w.print(t.Context(), &live.Watching{Responses: responses}, nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }
