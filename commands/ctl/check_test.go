package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
)

func TestCheckRefused(t *testing.T) {
	t.Parallel()
	f := &kvServer{answer: func(proto.Message) (proto.Message, error) {
		return &pb.RangeResponse{Header: fakeHeader(), Kvs: []*mvccpb.KeyValue{{Key: []byte("k")}}, Count: 1}, nil
	}}
	r := runner{endpoint: f.start(t)}
	for _, tt := range []struct {
		args []string
		want ran
	}{
		{[]string{"perf", "--load", "foo", "-w", "xml"}, ran{code: 4, err: "Error: unknown load option foo: use s, m, l or xl\n"}},
		{[]string{"datascale", "--load", "XL"}, ran{code: 4, err: "Error: unknown load option XL: use s, m, l or xl\n"}},
		{[]string{"perf", "-w", "xml"}, ran{code: 4, err: "Error: unsupported output format: \"xml\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"}},
	} {
		r.run(t, append([]string{"check"}, tt.args...)...).is(t, tt.want)
	}
	if n := len(f.requests()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
	r.run(t, "check", "perf", "--prefix", `/a"b`).is(t,
		ran{code: 3, err: "Error: prefix \"/a\\\"b\" has keys. Delete with 'etcdctl del --prefix /a\"b' first\n"})
	r.run(t, "check", "datascale", "--load", "small", "ignored").is(t,
		ran{code: 3, err: "Error: prefix \"/etcdctl-check-datascale/\" has keys. Delete with etcdctl del --prefix /etcdctl-check-datascale/ first\n"})
	sameMessages(t, f.requests(),
		&pb.RangeRequest{Key: []byte(`/a"b`), RangeEnd: []byte(`/a"c`), Limit: 1},
		&pb.RangeRequest{Key: []byte("/etcdctl-check-datascale/"), RangeEnd: []byte("/etcdctl-check-datascale0"), Limit: 1})
	dead := refusing(t)
	runner{endpoint: dead}.run(t, "check", "perf", "--command-timeout", "3s").is(t,
		ran{code: 1, err: "Error: " + dead + ": connection refused: context deadline exceeded\n"})
}

func TestCheckLoads(t *testing.T) {
	t.Parallel()
	for load, want := range map[string]string{
		"s": "{150 50} {10000 50}", "small": "{150 50} {10000 50}", "m": "{1000 200} {100000 200}", "medium": "{1000 200} {100000 200}",
		"l": "{8000 500} {1000000 500}", "large": "{8000 500} {1000000 500}", "xl": "{15000 1000} {3000000 1000}", "xLarge": "{15000 1000} {3000000 1000}",
	} {
		size, err := (&checkOptions{load: load}).size()
		if got := fmt.Sprint(perfLoads()[size], " ", datascaleLoads()[size]); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", load, got, err, want)
		}
	}
}

// stubPutter takes its time for each put, and remembers the keys.
type stubPutter struct {
	took time.Duration
	err  error
	mu   sync.Mutex
	keys []string
}

func (p *stubPutter) Do(ctx context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	p.mu.Lock()
	p.keys = append(p.keys, string(op.KeyBytes()))
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return clientv3.OpResponse{}, ctx.Err()
	case <-time.After(p.took):
		return clientv3.OpResponse{}, p.err
	}
}

func TestCheckLoad(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		load     checkLoad
		clients  int
		took     time.Duration // each put
		err      error
		puts     int // at least; and 20 more at most
		total    time.Duration
		verdict  []string
		failures []string
	}{
		{name: "small", load: checkLoad{rate: 150}, clients: 50, took: 2 * time.Millisecond, puts: 9000, total: time.Minute,
			verdict: []string{"PASS: Throughput is 151 writes/s", "PASS: Slowest request took 0.002000s", "PASS: Stddev is 0.000000s", "PASS"}},
		{name: "extra large", load: checkLoad{rate: 15000}, clients: 1000, took: 2 * time.Millisecond, puts: 15_000, total: time.Second,
			verdict: []string{"PASS: Throughput is 14972 writes/s", "PASS: Slowest request took 0.002000s", "PASS: Stddev is 0.000000s", "PASS"}},
		{name: "too slow", load: checkLoad{rate: 1000}, clients: 10, took: 600 * time.Millisecond, puts: 1010, total: time.Minute,
			verdict: []string{"FAIL: Throughput too low: 17 writes/s", "Slowest request took too long: 0.600000s", "PASS: Stddev is 0.000000s", "FAIL"}},
		{name: "errors", load: checkLoad{rate: 10}, clients: 3, err: rpctypes.ErrNoSpace, puts: 600, total: time.Minute,
			verdict: []string{"FAIL: too many errors", "FAIL: ERROR(etcdserver: mvcc: database space exceeded) -> 601", "FAIL: Throughput too low: 1 writes/s",
				"PASS: Slowest request took 0.000000s", "PASS: Stddev is NaNs", "FAIL"}},
		{name: "no answers", load: checkLoad{puts: 4, timeout: time.Second}, clients: 2, took: time.Hour, puts: 4, total: 2 * time.Second,
			verdict: []string{"FAIL: too many errors", "FAIL: ERROR(context deadline exceeded) -> 4"}},
		{name: "so many", load: checkLoad{puts: 1000}, clients: 10, took: 10 * time.Millisecond, puts: 1000, total: time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &stubPutter{took: tt.took, err: tt.err}
				tt.load.prefix, tt.load.keySize, tt.load.valueSize = "/p/", 256, 1024
				if tt.load.timeout == 0 {
					tt.load.timeout = 5 * time.Second
				}
				seen := 0
				var mu sync.Mutex
				tt.load.progress = func(puts int) { mu.Lock(); seen = max(seen, puts); mu.Unlock() }
				// Not when a put is due, which would leave its fate open.
				ctx, cancel := context.WithTimeout(t.Context(), tt.total+time.Millisecond)
				defer cancel()
				stats := tt.load.run(ctx, slices.Repeat([]putter{p}, tt.clients))
				if stats.puts < tt.puts || stats.puts > tt.puts+20 || seen != stats.puts || len(p.keys) != stats.puts {
					t.Errorf("%d puts, %d seen, %d keys; want %d", stats.puts, seen, len(p.keys), tt.puts)
				}
				if stats.total < tt.total || stats.total > tt.total+2*time.Second {
					t.Errorf("took %v, want %v", stats.total, tt.total)
				}
				lines := stats.failures()
				if tt.load.rate > 0 {
					lines, _ = stats.verdict(tt.load.rate)
				}
				if !slices.Equal(lines, tt.verdict) {
					t.Errorf("got  %q\nwant %q", lines, tt.verdict)
				}
				if k := p.keys[0]; len(k) != len("/p/")+256 || !strings.HasPrefix(k, "/p/") {
					t.Errorf("key %q", k)
				}
				slices.Sort(p.keys)
				if n := len(slices.Compact(p.keys)); n != stats.puts {
					t.Errorf("%d different keys of %d", n, stats.puts)
				}
			})
		})
	}
}

// The bounds belong to PASS, but for that of the rate.
func TestCheckVerdict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		stats *checkStats
		want  string
	}{
		{"just passed", &checkStats{n: 901, total: 10 * time.Second, slowest: 0.5, deviance: 901 * 0.01},
			"PASS: Throughput is 91 writes/s\nPASS: Slowest request took 0.500000s\nPASS: Stddev is 0.100000s\nPASS"},
		{"too few", &checkStats{n: 900, total: 10 * time.Second, slowest: 0.1},
			"FAIL: Throughput too low: 91 writes/s\nPASS: Slowest request took 0.100000s\nPASS: Stddev is 0.000000s\nFAIL"},
		{"too slow", &checkStats{n: 1000, total: 10 * time.Second, slowest: 0.500001},
			"PASS: Throughput is 101 writes/s\nSlowest request took too long: 0.500001s\nPASS: Stddev is 0.000000s\nFAIL"},
		{"too uneven", &checkStats{n: 1000, total: 10 * time.Second, slowest: 0.5, deviance: 1000 * 0.0102},
			"PASS: Throughput is 101 writes/s\nPASS: Slowest request took 0.500000s\nStddev too high: 0.100995s\nFAIL"},
		{"errors", &checkStats{n: 1000, total: 10 * time.Second, errors: map[string]int{"b": 1, "a": 2}},
			"FAIL: too many errors\nFAIL: ERROR(a) -> 2\nFAIL: ERROR(b) -> 1\nPASS: Throughput is 101 writes/s\nPASS: Slowest request took 0.000000s\nPASS: Stddev is 0.000000s\nFAIL"},
	} {
		lines, passed := tt.stats.verdict(100)
		if got := strings.Join(lines, "\n"); got != tt.want || passed != strings.HasSuffix(tt.want, "\nPASS") {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestCheckStddev(t *testing.T) {
	t.Parallel()
	s := checkStats{errors: map[string]int{}}
	for _, ms := range []int{200, 400, 400, 400, 500, 500, 700, 900} { // mean 500, standard deviation 200
		s.add(time.Duration(ms)*time.Millisecond, nil)
	}
	s.add(time.Hour, errors.New("boom"))
	if got := fmt.Sprintf("%.6f %.6f %d", s.stddev(), s.slowest, s.puts); got != "0.200000 0.900000 9" {
		t.Errorf("got %s", got)
	}
}

// The ranges of a large load meet without a gap, and contain its keys.
func TestCheckRanges(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprintf("%q", checkRanges("/p/", checkSlice)); got != `[["/p/" "/p0"]]` {
		t.Errorf("a small load: %s", got)
	}
	for prefix, want := range map[string][2]string{"/p/": {"/p/", "/p0"}, "": {"\x00", "\x00"}, "\xff": {"\xff", "\x00"}} {
		ranges := checkRanges(prefix, checkSlice+1)
		if len(ranges) != 64 || ranges[0][0] != want[0] || ranges[63][1] != want[1] {
			t.Errorf("%q: %d from %q to %q", prefix, len(ranges), ranges[0][0], ranges[len(ranges)-1][1])
		}
		for i := 1; i < len(ranges); i++ {
			if ranges[i][0] != ranges[i-1][1] || ranges[i-1][0] >= ranges[i][0] {
				t.Errorf("%q: %q is followed by %q", prefix, ranges[i-1], ranges[i])
			}
		}
	}
	// Each first byte that a key can have is in its own range.
	synctest.Test(t, func(t *testing.T) {
		p := &stubPutter{}
		(&checkLoad{prefix: "/p/", keySize: 16, puts: 2000, timeout: time.Second, progress: func(int) {}}).run(t.Context(), []putter{p})
		in := make([]int, 64)
		for _, k := range p.keys {
			for i, r := range checkRanges("/p/", checkSlice+1) {
				if k >= r[0] && k < r[1] {
					in[i]++
				}
			}
		}
		if slices.Min(in) == 0 {
			t.Errorf("2000 keys lie in the ranges as %v", in)
		}
	})
}

func TestReadMemory(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		metrics string
		want    float64
		err     string
	}{
		{"# TYPE process_resident_memory_bytes gauge\na 1\nprocess_resident_memory_bytes 2.8e+07\nb 2\n", 2.8e7, ""},
		{"", 0, "could not find: process_resident_memory_bytes"},
		{"process_resident_memory_bytes x", 0, `parse error: strconv.ParseFloat: parsing "x": invalid syntax`},
	} {
		got, err := readMemory(strings.NewReader(tt.metrics))
		if got != tt.want || err == nil && tt.err != "" || err != nil && err.Error() != tt.err {
			t.Errorf("%q: %v, %v", tt.metrics, got, err)
		}
	}
}

// checked is a check on a fake server.
type checked struct {
	*check
	out, err lockedBuffer
}

func newChecked(t *testing.T, o *checkOptions, clients int, endpoints ...string) *checked {
	t.Helper()
	c := &checked{}
	a := &app{streams: cli.Streams{In: strings.NewReader(""), Out: &c.out, Err: &c.err}}
	cmd := &cobra.Command{}
	addGlobalFlags(a, cmd, nil)
	if err := cmd.ParseFlags([]string{"--endpoints", strings.Join(endpoints, ",")}); err != nil {
		t.Fatal(err)
	}
	cmd.SetContext(t.Context())
	var err error
	if c.check, err = openCheck(a, cmd, o, clients); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func (c *checked) is(t *testing.T, err, want error, out, stderr string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
	if c.out.String() != out || c.err.String() != stderr {
		t.Errorf("stdout\n%s\nwant\n%s\nstderr %q, want %q", c.out.String(), out, c.err.String(), stderr)
	}
}

// deletions returns the ranges that a server was asked to delete.
func (f *kvServer) deletions() (all []string) {
	for _, m := range f.requests() {
		if d, ok := m.(*pb.DeleteRangeRequest); ok {
			all = append(all, fmt.Sprintf("%s-%s", d.Key, d.RangeEnd))
		}
	}
	return all
}

// An interrupted check deletes the keys that it has written.
func TestCheckPerfInterrupted(t *testing.T) {
	t.Parallel()
	boom := errors.New("interrupt")
	ctx, cancel := context.WithCancelCause(t.Context())
	f := &kvServer{answer: func(m proto.Message) (proto.Message, error) {
		if _, ok := m.(*pb.PutRequest); ok {
			cancel(boom)
			return nil, rpctypes.ErrGRPCNoSpace
		}
		return nil, nil
	}}
	o := &checkOptions{prefix: "/p/", autoCompact: true, autoDefrag: true}
	c := newChecked(t, o, 1, f.start(t))
	err := c.perf(ctx, 1, time.Hour)
	c.is(t, err, errCheckFailed, "FAIL: too many errors\nFAIL: ERROR(etcdserver: mvcc: database space exceeded) -> 1\nFAIL: Throughput too low: 1 writes/s\n"+
		"PASS: Slowest request took 0.000000s\nPASS: Stddev is NaNs\nFAIL\n", "Interrupted, deleting the keys written so far\n")
	if got := f.deletions(); !slices.Equal(got, []string{"/p/-/p0"}) {
		t.Errorf("deleted %q", got)
	}
}

func TestCheckPerf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		delete error
		o      checkOptions
		out    string
	}{
		{name: "passed", o: checkOptions{prefix: "/p/"}},
		{name: "compacted", o: checkOptions{prefix: "/p/", autoCompact: true}, out: "Compacting with revision 3\nCompacted with revision 3\n"},
		{name: "not deleted", o: checkOptions{prefix: "/p/", autoCompact: true}, delete: rpctypes.ErrGRPCPermissionDenied,
			out: "FAIL: Cleanup failed during key deletion: ERROR(etcdserver: permission denied)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &kvServer{answer: func(m proto.Message) (proto.Message, error) {
				if _, ok := m.(*pb.DeleteRangeRequest); ok && tt.delete != nil {
					return nil, tt.delete
				}
				return nil, nil
			}}
			c := newChecked(t, &tt.o, 2, f.start(t))
			err := c.perf(t.Context(), 1, 50*time.Millisecond)
			if err != nil && !errors.Is(err, errCheckFailed) {
				t.Error(err)
			}
			// On a busy machine a put may take long; the lines between are held elsewhere.
			start, _, _ := strings.Cut(c.out.String(), "Throughput")
			if start != tt.out+"PASS: " && start != tt.out+"FAIL: " {
				t.Errorf("printed %q before the verdict, want %q", start, tt.out)
			}
			if got := f.deletions(); !slices.Equal(got, []string{"/p/-/p0"}) {
				t.Errorf("deleted %q", got)
			}
		})
	}
}

func TestCheckDatascale(t *testing.T) {
	t.Parallel()
	const start = "Start data scale check for work load [30 key-value pairs, 1024 bytes per key-value, 3 concurrent clients].\n"
	boom := errors.New("interrupt")
	for _, tt := range []struct {
		name    string
		metrics []string // one answer after the other
		put     error
		stop    bool // interrupt at the first put
		deleted bool
		out     string
		stderr  string
		want    error
	}{
		{name: "passed", metrics: []string{"1048576", "4.718592e+06"}, deleted: true,
			out: start + "Compacting with revision 3\nCompacted with revision 3\nPASS: Approximate system memory used : 3.50 MB.\n"},
		{name: "less than before", metrics: []string{"4194304", "1048576"}, deleted: true,
			out: start + "Compacting with revision 3\nCompacted with revision 3\nPASS: Approximate system memory used : -3.00 MB.\n"},
		{name: "errors", metrics: []string{"1", "2"}, put: rpctypes.ErrGRPCNoSpace, deleted: true, want: errCheckFailed,
			out: start + "Compacting with revision 3\nCompacted with revision 3\nFAIL: too many errors\nFAIL: ERROR(etcdserver: mvcc: database space exceeded) -> 30\n"},
		{name: "no memory before", metrics: []string{"x"}, want: errCheckFailed,
			out: "parse error: strconv.ParseFloat: parsing \"x\": invalid syntax\nFAIL: Could not read process_resident_memory_bytes before the put operations.\n"},
		{name: "no memory after", metrics: []string{"1", ""}, deleted: true, want: errCheckFailed,
			out: start + "could not find: process_resident_memory_bytes\nFAIL: Could not read process_resident_memory_bytes after the put operations.\n"},
		{name: "interrupted", metrics: []string{"1", "2"}, stop: true, deleted: true, want: boom,
			out: start, stderr: "Interrupted, deleting the keys written so far\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			f := &kvServer{answer: func(m proto.Message) (proto.Message, error) {
				if _, ok := m.(*pb.PutRequest); ok {
					if tt.stop {
						cancel(boom)
					}
					return nil, tt.put
				}
				return nil, nil
			}}
			metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/metrics" {
					return // of a client that takes it for a member
				}
				if tt.metrics[0] != "" {
					_, _ = io.WriteString(w, "process_resident_memory_bytes "+tt.metrics[0]+"\n")
				}
				tt.metrics = tt.metrics[1:]
			}))
			t.Cleanup(metrics.Close)
			// The first endpoint is asked for its memory; the puts go where they can.
			c := newChecked(t, &checkOptions{prefix: "/p/", autoCompact: true}, 3, metrics.URL, f.start(t))
			c.is(t, c.datascale(ctx, 30), tt.want, tt.out, tt.stderr)
			want := []string{"/p/-/p0"}
			if !tt.deleted {
				want = nil
			}
			if got := f.deletions(); !slices.Equal(got, want) {
				t.Errorf("deleted %q, want %q", got, want)
			}
		})
	}
}

func TestDistribution(t *testing.T) {
	t.Parallel()
	s := &checkStats{errors: make(map[string]int), spread: make(map[time.Duration]int)}
	for i := range 100 {
		s.add(time.Duration(i+1)*time.Millisecond, nil)
	}
	s.add(time.Second, errors.New("refused"))
	want := []string{
		"Requests: 101, succeeded: 100, failed: 1",
		" 50.0% took at most 0.050000s", " 90.0% took at most 0.090000s", " 95.0% took at most 0.095000s",
		" 99.0% took at most 0.099000s", " 99.9% took at most 0.100000s", "100.0% took at most 0.100000s",
		"1 failed: refused",
	}
	if got := s.distribution(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for d, want := range map[time.Duration]time.Duration{0: 0, 7: 7, 99: 99, 100: 100, 101: 110, 123456: 130000} {
		if got := roundUp(d); got != want {
			t.Errorf("%d: got %d, want %d", d, got, want)
		}
	}
}
