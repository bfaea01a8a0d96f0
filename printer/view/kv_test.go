package view

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/printer"
)

// answered is the header of the responses in these tests.
func answered(rev int64) *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: 0xef37ad9dc622a7c4, MemberId: 0x8e9e05c52164694d, Revision: rev, RaftTerm: 2}
}

const (
	answeredFields    = "\"ClusterID\" : 17237436991929493444\n\"MemberID\" : 10276657743932975437\n\"Revision\" : 9\n\"RaftTerm\" : 2\n"
	answeredHexFields = "\"ClusterID\" : ef37ad9dc622a7c4\n\"MemberID\" : 8e9e05c52164694d\n\"Revision\" : 9\n\"RaftTerm\" : 2\n"
	answeredMembers   = `"cluster_id":17237436991929493444,"member_id":10276657743932975437,"revision":9,"raft_term":2`
	answeredJSON      = `"header":{` + answeredMembers + `}`
)

// A plain pair, and one with bytes that don't print and a lease.
var (
	plainKV = &mvccpb.KeyValue{Key: []byte("/a"), Value: []byte("one"), CreateRevision: 3, ModRevision: 5, Version: 2}
	oddKV   = &mvccpb.KeyValue{Key: []byte("k \"\xff"), Value: []byte("x\ny"), CreateRevision: 4, ModRevision: 4, Version: 1, Lease: 0x2c6aa20445ec8547}
)

const (
	plainSimple    = "/a\none\n"
	plainHexSimple = "\\x2f\\x61\n\\x6f\\x6e\\x65\n"
	plainJSON      = `{"key":"L2E=","create_revision":3,"mod_revision":5,"version":2,"value":"b25l"}`
	oddSimple      = "k \"\xff\nx\ny\n"
	oddHexSimple   = "\\x6b\\x20\\x22\\xff\n\\x78\\x0a\\x79\n"
	oddJSON        = `{"key":"ayAi/w==","create_revision":4,"mod_revision":4,"version":1,"value":"eAp5","lease":3200548624436856135}`
)

// fieldsOf is how the two pairs are listed, with a prefix to each name.
func fieldsOf(prefix string) (plain, plainHex, odd, oddHex string) {
	list := func(key, create, mod, version, value, lease string) string {
		return `"` + prefix + `Key" : ` + key + "\n" + `"` + prefix + `CreateRevision" : ` + create + "\n" +
			`"` + prefix + `ModRevision" : ` + mod + "\n" + `"` + prefix + `Version" : ` + version + "\n" +
			`"` + prefix + `Value" : ` + value + "\n" + `"` + prefix + `Lease" : ` + lease + "\n"
	}
	return list(`"/a"`, "3", "5", "2", `"one"`, "0"), list(`"/a"`, "3", "5", "2", `"one"`, "0000000000000000"),
		list(`"k \"\xff"`, "4", "4", "1", `"x\ny"`, "3200548624436856135"), list(`"k \"\xff"`, "4", "4", "1", `"x\ny"`, "2c6aa20445ec8547")
}

func TestPut(t *testing.T) {
	t.Parallel()
	plain, plainHex, _, _ := fieldsOf("Prev")
	bare := &pb.PutResponse{Header: answered(9)}
	prev := &pb.PutResponse{Header: answered(9), PrevKv: plainKV}
	for _, s := range []shown{
		{
			name: "bare", view: Put{bare}, simple: "OK\n", fields: answeredFields, hexFields: answeredHexFields,
			json: "{" + answeredJSON + "}\n", protobuf: bare,
			table: `+----------+----------------+-----------------------+------------------+
| REVISION | PREVIOUS VALUE | PREVIOUS MOD REVISION | PREVIOUS VERSION |
+----------+----------------+-----------------------+------------------+
|        9 |                |                       |                  |
+----------+----------------+-----------------------+------------------+
`,
		},
		{
			name: "previous pair", view: Put{prev}, simple: "OK\n" + plainSimple, hexSimple: "OK\n" + plainHexSimple,
			fields: answeredFields + plain, hexFields: answeredHexFields + plainHex,
			json: "{" + answeredJSON + `,"prev_kv":` + plainJSON + "}\n", protobuf: prev,
			table: `+----------+----------------+-----------------------+------------------+
| REVISION | PREVIOUS VALUE | PREVIOUS MOD REVISION | PREVIOUS VERSION |
+----------+----------------+-----------------------+------------------+
|        9 |            one |                     5 |                2 |
+----------+----------------+-----------------------+------------------+
`,
		},
		{
			name: "nothing at all", view: Put{&pb.PutResponse{}}, simple: "OK\n", json: "{}\n", protobuf: &pb.PutResponse{},
			fields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n",
			table: `+----------+----------------+-----------------------+------------------+
| REVISION | PREVIOUS VALUE | PREVIOUS MOD REVISION | PREVIOUS VERSION |
+----------+----------------+-----------------------+------------------+
|        0 |                |                       |                  |
+----------+----------------+-----------------------+------------------+
`,
		},
	} {
		t.Run(s.name, s.test)
	}
}

const bothPairsTable = `+------------+--------+-----------------+--------------+---------+------------------+
|    KEY     | VALUE  | CREATE REVISION | MOD REVISION | VERSION |      LEASE       |
+------------+--------+-----------------+--------------+---------+------------------+
|         /a |    one |               3 |            5 |       2 |                  |
| "k \"\xff" | "x\ny" |               4 |            4 |       1 | 2c6aa20445ec8547 |
+------------+--------+-----------------+--------------+---------+------------------+
`

func TestDelete(t *testing.T) {
	t.Parallel()
	plain, plainHex, odd, oddHex := fieldsOf("Prev")
	none := &pb.DeleteRangeResponse{Header: answered(9)}
	some := &pb.DeleteRangeResponse{Header: answered(9), Deleted: 2, PrevKvs: []*mvccpb.KeyValue{plainKV, oddKV}}
	for _, s := range []shown{
		{
			name: "none", view: Delete{none}, simple: "0\n", json: "{" + answeredJSON + "}\n", protobuf: none,
			fields: answeredFields + "\"Deleted\" : 0\n", hexFields: answeredHexFields + "\"Deleted\" : 0\n",
			table: "+---------+\n| DELETED |\n+---------+\n|       0 |\n+---------+\n",
		},
		{
			name: "with pairs", view: Delete{some}, simple: "2\n" + plainSimple + oddSimple, hexSimple: "2\n" + plainHexSimple + oddHexSimple,
			json: "{" + answeredJSON + `,"deleted":2,"prev_kvs":[` + plainJSON + "," + oddJSON + "]}\n", protobuf: some,
			fields:    answeredFields + "\"Deleted\" : 2\n" + plain + odd,
			hexFields: answeredHexFields + "\"Deleted\" : 2\n" + plainHex + oddHex, table: bothPairsTable,
		},
	} {
		t.Run(s.name, s.test)
	}
}

// pages cuts a range response into parts of n pairs, as it would be read.
func pages(r *pb.RangeResponse, n int) Pages {
	return func(yield func(*pb.RangeResponse, error) bool) {
		for part := range slices.Chunk(r.GetKvs(), n) {
			if !yield(&pb.RangeResponse{Header: r.Header, Kvs: part, More: r.More, Count: r.Count}, nil) {
				return
			}
		}
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	plain, plainHex, odd, oddHex := fieldsOf("")
	none := &pb.RangeResponse{Header: answered(9)}
	some := &pb.RangeResponse{Header: answered(9), Kvs: []*mvccpb.KeyValue{plainKV, oddKV}, More: true, Count: 7}
	whole := shown{
		name: "one page", view: Range{Pages: OnePage(some)},
		simple: plainSimple + oddSimple, hexSimple: plainHexSimple + oddHexSimple,
		json:      "{" + answeredJSON + `,"kvs":[` + plainJSON + "," + oddJSON + "],\"more\":true,\"count\":7}\n",
		fields:    answeredFields + plain + odd + "\"More\" : true\n\"Count\" : 7\n",
		hexFields: answeredHexFields + plainHex + oddHex + "\"More\" : true\n\"Count\" : 7\n",
		table:     bothPairsTable, protobuf: some,
	}
	paged, values := whole, whole
	paged.name, paged.view = "a page for each pair", Range{Pages: pages(some, 1)}
	values.name, values.view = "values only", Range{Pages: OnePage(some), ValuesOnly: true}
	values.simple, values.hexSimple = "one\nx\ny\n", "\\x6f\\x6e\\x65\n\\x78\\x0a\\x79\n"
	for _, s := range []shown{
		whole, paged, values,
		{
			name: "none", view: Range{Pages: OnePage(none)}, json: "{" + answeredJSON + "}\n", protobuf: none,
			fields:    answeredFields + "\"More\" : false\n\"Count\" : 0\n",
			hexFields: answeredHexFields + "\"More\" : false\n\"Count\" : 0\n",
			table: `+-----+-------+-----------------+--------------+---------+-------+
| KEY | VALUE | CREATE REVISION | MOD REVISION | VERSION | LEASE |
+-----+-------+-----------------+--------------+---------+-------+
`,
		},
	} {
		t.Run(s.name, s.test)
	}
}

// If a page can't be read, the output ends with its error in every format; a
// table is not begun.
func TestRangeBreaksOff(t *testing.T) {
	t.Parallel()
	broken := errors.New("page 2 is lost")
	v := Range{Pages: func(yield func(*pb.RangeResponse, error) bool) {
		if yield(&pb.RangeResponse{Header: answered(9), Kvs: []*mvccpb.KeyValue{plainKV}, Count: 2}, nil) {
			yield(nil, broken)
		}
	}}
	plain, _, _, _ := fieldsOf("")
	for format, want := range map[string]string{
		"simple": plainSimple, "fields": answeredFields + plain, "table": "",
		"json": "{" + answeredJSON + `,"kvs":[` + plainJSON,
	} {
		var out written
		p, err := printer.New(&out, format, printer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(v); !errors.Is(err, broken) {
			t.Errorf("%s: error %v, want %v", format, err, broken)
		}
		if string(out) != want {
			t.Errorf("%s: got %q, want %q", format, out, want)
		}
	}
}

type written []byte

func (w *written) Write(b []byte) (int, error) {
	*w = append(*w, b...)
	return len(b), nil
}

var _ io.Writer = (*written)(nil)

func TestKVJSONAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		put, del, get := &pb.PutResponse{}, &pb.DeleteRangeResponse{}, &pb.RangeResponse{}
		randomize(rand.New(rand.NewPCG(seed, 7)), put.ProtoReflect())
		randomize(rand.New(rand.NewPCG(seed, 8)), del.ProtoReflect())
		randomize(rand.New(rand.NewPCG(seed, 9)), get.ProtoReflect())
		for _, c := range []struct {
			view printer.View
			want string
		}{
			{Put{put}, encoded(t, put)}, {Delete{del}, encoded(t, del)}, {Range{Pages: OnePage(get)}, encoded(t, get)},
		} {
			if got := printed(t, "json", false, c.view); got != c.want {
				t.Fatalf("seed %d: %T: got\n%s\nwant\n%s", seed, c.view, got, c.want)
			}
		}
	}
}
