package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/keyspace/live"
)

func TestWatchLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  read.WatchEnv
		line string
		want *watchRequest
		err  string
		code cli.Code // of an error that ends the command; 0 for a line that is passed over
	}{
		{line: `watch a`, want: &watchRequest{what: live.Watch{Key: "a"}}},
		{line: `  "watch" 'a b'` + "\r", want: &watchRequest{what: live.Watch{Key: "a b"}}},
		{line: `watch a b --rev 3 --prev-kv --progress-notify`, want: &watchRequest{what: live.Watch{Key: "a", End: "b", From: 3, PrevKV: true, ProgressNotify: true}}},
		{line: `watch --prefix "" -i`, want: &watchRequest{what: live.Watch{Key: "\x00", End: "\x00"}}},
		{line: `watch a b c`, want: &watchRequest{what: live.Watch{Key: "a"}}},
		{line: `watch a -- sh -c "x y" --rev 2`, want: &watchRequest{what: live.Watch{Key: "a"}, argv: []string{"sh", "-c", "x y", "--rev", "2"}}},
		{line: `watch a --filter put --until-now`, want: &watchRequest{what: live.Watch{Key: "a", NoDelete: true}, untilNow: true}},
		{line: `watch a --filter delete`, want: &watchRequest{what: live.Watch{Key: "a", NoPut: true}}},
		{line: `progress`, want: &watchRequest{progress: true}},
		{line: `progress and more`, want: &watchRequest{progress: true}},
		{env: read.WatchEnv{"k"}, line: `watch`, want: &watchRequest{what: live.Watch{Key: "k"}}},
		{env: read.WatchEnv{"k", "l"}, line: `watch --rev 2 -- x`, want: &watchRequest{what: live.Watch{Key: "k", End: "l", From: 2}, argv: []string{"x"}}},
		{env: read.WatchEnv{"k"}, line: `watch a -- x`, want: &watchRequest{what: live.Watch{Key: "k", End: "a"}, argv: []string{"x"}}},

		{line: ``, err: "Invalid command:  (watch and progress supported)"},
		{line: ` '`, err: "Invalid command:  ' (watch and progress supported)"},
		{line: `help me`, err: "Invalid command help me (only support watch)"},
		{line: `watc a`, err: "Invalid command watc a (only support watch)"},
		{line: `watch`, err: "Invalid command watch (command type or key is not provided)"},
		{line: `watch -- x`, err: "Invalid command watch -- x (bad number of arguments)"},
		{line: `watch a b --prefix`, err: "Invalid command watch a b --prefix (`range_end` and `--prefix` are mutually exclusive)"},

		{line: `watch a --filter none`, err: "Invalid command watch a --filter none (unknown value \"none\" of --filter: use one of put, delete)"},

		{line: `watch "\q"`, err: "invalid syntax", code: cli.InvalidInput},
		{line: `watch --prefix`, err: "bad number of arguments", code: cli.BadArgs},
		{line: `watch a --`, err: "bad number of arguments (found separator --, but no commands)", code: cli.BadArgs},
		{line: `watch a --rev x`, err: `invalid argument "x" for "--rev" flag: use a whole number such as 10`, code: cli.BadArgs},
		{line: `watch a -w json`, err: `unknown shorthand flag: 'w' in -w`, code: cli.BadArgs},
		{line: `watch a -h`, err: `pflag: help requested`, code: cli.BadArgs},
		{env: read.WatchEnv{"k"}, line: `watch a`, err: "bad number of arguments (found conflicting environment key)", code: cli.BadArgs},
	} {
		got, err := parseLine(tt.env, tt.line)
		if tt.want == nil {
			bad := lineError("")
			if err == nil || err.Error() != tt.err || errors.As(err, &bad) != (tt.code == 0) || (tt.code != 0 && cli.CodeOf(err) != tt.code) {
				t.Errorf("%q: got %+v, error %v with code %d", tt.line, got, err, cli.CodeOf(err))
			}
			continue
		}
		if err != nil || got.progress != tt.want.progress || got.what != tt.want.what || !slices.Equal(got.argv, tt.want.argv) {
			t.Errorf("%q: got %+v, %v", tt.line, got, err)
		}
	}
}

// FuzzWatchLine reads a line: it is used, passed over, or ends the command
// with a code for bad input, and never panics.
func FuzzWatchLine(f *testing.F) {
	for _, line := range []string{
		`watch a`, `watch "a b" --rev 3 -- echo x`, `watch -- x`, `watch a --`, `watch --rev`, `watch a -w json`, `progress`, `watch "\q"`, `'watch' ''`, ``,
	} {
		f.Add(line, "", "")
		f.Add(line, "k", "l")
	}
	f.Fuzz(func(t *testing.T, line, key, end string) {
		a := &app{streams: cli.Streams{Env: []string{"ETCDCTL_WATCH_KEY=" + key, "ETCDCTL_WATCH_RANGE_END=" + end}}}
		env, err := read.WatchEnvironment(a.streams, "ETCDCTL")
		if err != nil {
			return
		}
		_, err = parseLine(env, line)
		if bad := lineError(""); err != nil && !errors.As(err, &bad) {
			if code := cli.CodeOf(err); code != cli.InvalidInput && code != cli.BadArgs {
				t.Errorf("%q: code %d for %v", line, code, err)
			}
			return
		}
	})
}

// Watches side by side share the output, and a line that can't be used does
// not end them.
func TestWatchLines(t *testing.T) {
	t.Parallel()
	const watches = 5
	f := &kvServer{watch: func(_ context.Context, w pb.Watch_WatchServer, r *pb.WatchCreateRequest) error {
		return w.Send(&pb.WatchResponse{Header: fakeHeader(), WatchId: r.GetStartRevision(), Events: []*mvccpb.Event{
			{Kv: &mvccpb.KeyValue{Key: r.GetKey(), Value: []byte(strings.Repeat("v", 1000)), ModRevision: 9}},
		}})
	}}
	var want []string
	in, w := io.Pipe()
	out := &awaited{then: func() { _ = w.Close() }} // when all watches have printed, the input ends
	for i := range watches {
		want = append(want, fmt.Sprintf("PUT\nk%d\n%s\n", i, strings.Repeat("v", 1000)))
		out.size += len(want[i])
	}
	go func() {
		for i := range watches { // the fake numbers its watches as they come; the revision tells it
			_, _ = fmt.Fprintf(w, "watch k%d --rev %d\nnonsense\n", i, i)
		}
	}()
	endpoint := f.start(t)
	var errs lockedBuffer
	code := Main(t.Context(), cli.Streams{In: in, Out: out, Err: &errs}, []string{"--endpoints", endpoint, "watch", "-i", "--prefix", "--rev", "9"})
	if code != cli.InvalidInput {
		t.Errorf("exit code %d", code)
	}
	got := strings.SplitAfter(out.String(), "v\n")
	slices.Sort(got)
	if want = append([]string{""}, want...); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	complaints := strings.Repeat("Invalid command nonsense (only support watch)\n", watches) + "Error: error reading watch request line: EOF\n"
	if errs.String() != complaints {
		t.Errorf("stderr %q", errs.String())
	}
}

// A progress request is passed on, and its answer reaches the watches.
func TestWatchLinesProgress(t *testing.T) {
	t.Parallel()
	f := &kvServer{}
	endpoint := f.start(t)
	in, w := io.Pipe()
	out := &awaited{size: len("progress notify: 3\n"), then: func() { _ = w.Close() }}
	go func() { _, _ = io.WriteString(w, "watch k\nprogress\n") }()
	var errs lockedBuffer
	code := Main(t.Context(), cli.Streams{In: in, Out: out, Err: &errs}, []string{"--endpoints", endpoint, "watch", "-i"})
	ran{code, out.String(), errs.String()}.is(t, ran{cli.InvalidInput, "progress notify: 3\n", "Error: error reading watch request line: EOF\n"})
	sameMessages(t, f.requests(),
		&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: &pb.WatchCreateRequest{Key: []byte("k"), Fragment: true}}},
		&pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{ProgressRequest: &pb.WatchProgressRequest{}}})
}
