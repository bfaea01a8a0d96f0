package ctl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/fence/fencekey"
)

// puts returns the puts of a request except for fences, as "key=value@lease".
func puts(m proto.Message) (all []string) {
	one := func(p *pb.PutRequest) string { return fmt.Sprintf("%s=%s@%x", p.GetKey(), p.GetValue(), p.GetLease()) }
	switch r := m.(type) {
	case *pb.PutRequest:
		return []string{one(r)}
	case *pb.TxnRequest:
		for _, op := range r.GetSuccess() {
			if p := op.GetRequestPut(); p != nil && !fencekey.IsName(p.GetKey()) {
				all = append(all, one(p))
			}
		}
	}
	return all
}

// pairLines are n pairs k000=0, k001=1, ...
func pairLines(n int) string {
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, `{"key":"k%03d","value":"%d"}`+"\n", i, i)
	}
	return lines.String()
}

func TestImport(t *testing.T) {
	t.Parallel()
	refuse := func(key string, err error) func(proto.Message) (proto.Message, error) {
		return func(m proto.Message) (proto.Message, error) {
			if strings.Contains(strings.Join(puts(m), " "), key+"=") {
				return nil, err
			}
			return nil, nil
		}
	}
	const denied = `k005" (5 bytes with its value): etcdserver: permission denied`
	for _, tt := range []struct {
		name   string
		in     string
		args   []string
		answer func(proto.Message) (proto.Message, error)
		want   ran
		puts   int
	}{
		{name: "all", in: pairLines(300), want: ran{0, "300 read: 300 written\n", ""}, puts: 300},
		{name: "nothing", in: "", want: ran{0, "0 read: 0 written\n", ""}},
		{name: "one denied", in: pairLines(10), answer: refuse("k005", rpctypes.ErrGRPCPermissionDenied),
			want: ran{1, "10 read: 5 written, 1 failed, 4 left\n", `Error: line 6, key "` + denied + "\n"}, puts: 5},
		{name: "one denied, and the others", in: pairLines(10), args: []string{"--keep-going"}, answer: refuse("k005", rpctypes.ErrGRPCPermissionDenied),
			want: ran{1, "10 read: 9 written, 1 failed\n", `Passed over: line 6, key "` + denied + "\nError: 1 of 10 pairs were not taken\n"}, puts: 9},
		{name: "full", in: pairLines(3), answer: refuse("k000", rpctypes.ErrGRPCNoSpace), want: ran{1, "3 read: 0 written, 3 left\n",
			"Error: etcdserver: mvcc: database space exceeded: the quota is used up; compaction, then defrag, then alarm disarm make room\n"}},
		{name: "broken", in: pairLines(2) + "{}\n" + pairLines(1), want: ran{3, "3 read: 2 written, 1 broken\n",
			"Error: line 3: no \"key\"; nothing from there on was written\n"}, puts: 2},
		{name: "many broken", in: strings.Repeat("x\n", 12) + pairLines(1), args: []string{"--keep-going"},
			want: ran{3, "13 read: 1 written, 12 broken\n", complaints(10) + "Passed over: more, which are only counted\nError: 12 of 13 lines were broken\n"}, puts: 1},
		{name: "small transactions", in: pairLines(5), args: []string{"--max-txn-ops", "2"}, want: ran{0, "5 read: 5 written\n", ""}, puts: 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &kvServer{answer: tt.answer}
			r := runner{endpoint: f.start(t), in: strings.NewReader(tt.in)}
			r.run(t, append([]string{"import"}, tt.args...)...).is(t, tt.want)
			n := 0
			for _, m := range f.requests() {
				if tt.answer != nil {
					if _, err := tt.answer(m); err != nil {
						continue
					}
				}
				n += len(puts(m))
			}
			if n != tt.puts {
				t.Errorf("%d puts were carried out, want %d", n, tt.puts)
			}
		})
	}
}

// complaints are the words about the first n lines, which hold an x.
func complaints(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "Passed over: line %d: 'x' at byte 1, where { should be\n", i+1)
	}
	return all.String()
}

// A lease that ends between its making and its use is made again.
func TestImportLeaseEnds(t *testing.T) {
	t.Parallel()
	grants := 0
	f := &kvServer{answer: func(m proto.Message) (proto.Message, error) {
		switch r := m.(type) {
		case *pb.LeaseGrantRequest:
			grants++
			return &pb.LeaseGrantResponse{Header: fakeHeader(), ID: int64(grants), TTL: r.TTL}, nil
		case *pb.LeaseTimeToLiveRequest:
			return &pb.LeaseTimeToLiveResponse{Header: fakeHeader(), ID: r.ID, TTL: -1}, nil
		}
		if strings.Contains(strings.Join(puts(m), " "), "@1") {
			return nil, rpctypes.ErrGRPCLeaseNotFound
		}
		return nil, nil
	}}
	r := runner{endpoint: f.start(t), in: strings.NewReader(`{"key":"a","value":"1","ttl":5}` + "\n" + `{"key":"b","value":"2","ttl":5}` + "\n")}
	r.run(t, "import").is(t, ran{0, "2 read: 2 written\n", ""})
	last := ""
	for _, m := range f.requests() {
		if all := puts(m); len(all) > 0 {
			last = fmt.Sprint(all)
		}
	}
	if got := last; got != "[a=1@3 b=2@3]" {
		t.Errorf("put at last %s", got)
	}
}

// A file is checked before anything is sent.
func TestImportFile(t *testing.T) {
	t.Parallel()
	f := &kvServer{}
	path := filepath.Join(t.TempDir(), "pairs")
	if err := os.WriteFile(path, []byte(pairLines(500)+"{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	runner{endpoint: f.start(t)}.run(t, "import", path).is(t, ran{cli.InvalidInput, "", "Error: line 501: the line ends in the middle; nothing was written\n"})
	if got := f.requests(); len(got) != 0 {
		t.Errorf("the server was asked %v", got)
	}
}

// A resume file that can't be read, or is of another input, is said before
// anything is written.
func TestImportResumeFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "resume")
	for _, tt := range []struct{ holds, want string }{
		{"nonsense", " is no resume file: invalid character 'o' in literal null (expecting 'u')"},
		{`{"on_conflict":"overwrite","lines":2,"crc32c":1}`, " is of another input: delete it to begin anew"},
		{`{"cluster":"1","on_conflict":"overwrite","lines":9,"crc32c":1}`, " is of another input: delete it to begin anew"},
		{`{"cluster":"2a","on_conflict":"overwrite"}`, " is of a run into another cluster, 2a: delete it to begin anew"},
		{`{"cluster":"1","on_conflict":"skip"}`, " is of a run with --on-conflict skip: give that again, or delete it to begin anew"},
		{`{"on_conflict":"overwrite","lease":"7f"}`, " is of a run with --lease 7f: give that again, or delete it to begin anew"},
	} {
		if err := os.WriteFile(path, []byte(tt.holds), 0o600); err != nil {
			t.Fatal(err)
		}
		f := &kvServer{}
		got := runner{endpoint: f.start(t), in: strings.NewReader(pairLines(3))}.run(t, "import", "--resume", path)
		if got.code != cli.Failure || got.out != "" || !strings.HasSuffix(got.err, path+tt.want+"\n") {
			t.Errorf("%s: %+v", tt.holds, got)
		}
		for _, m := range f.requests() {
			if len(puts(m)) > 0 {
				t.Errorf("%s: put %v", tt.holds, puts(m))
			}
		}
	}
}

// A run that gives every key a lease does not resume one that did not.
func TestPutBatchResumeLease(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "resume")
	if err := os.WriteFile(path, []byte(`{"on_conflict":"overwrite"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &kvServer{}
	runner{endpoint: f.start(t), in: strings.NewReader(pairLines(3))}.run(t, "put", "--batch", "jsonl", "--lease", "7f", "--resume", path).
		is(t, ran{cli.Failure, "", "Error: " + path + " is of a run without --lease: leave it out again, or delete it to begin anew\n"})
}

// import counted as written the pairs that the server had not confirmed.
func TestImportLyingServer(t *testing.T) {
	t.Parallel()
	const refused = "Error: the server's answer does not fit the request\n"
	header := &pb.ResponseHeader{Revision: 100}
	put := &pb.ResponseOp{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}}
	for name, answer := range map[string]*pb.TxnResponse{
		"empty":          {},
		"not succeeded":  {Header: header},
		"fewer":          {Header: header, Succeeded: true, Responses: []*pb.ResponseOp{put}},
		"of other kinds": {Header: header, Succeeded: true, Responses: []*pb.ResponseOp{put, {}}},
		"an old one":     {Header: &pb.ResponseHeader{Revision: 1}, Succeeded: true, Responses: []*pb.ResponseOp{put, put}},
	} {
		for _, mode := range []string{"overwrite", "skip", "fail"} {
			f := &kvServer{answer: func(m proto.Message) (proto.Message, error) {
				if txn, ok := m.(*pb.TxnRequest); ok && len(txn.GetSuccess()) > 1 {
					return answer, nil
				}
				return nil, nil
			}}
			got := runner{endpoint: f.start(t), in: strings.NewReader(pairLines(1))}.run(t, "import", "--on-conflict", mode)
			if got.code != cli.Failure || got.out != "1 read: 0 written, 1 left\n" || !strings.HasSuffix(got.err, refused) {
				t.Errorf("%s, %s: %+v", name, mode, got)
			}
		}
	}
}
