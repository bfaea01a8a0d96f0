package view

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	gone := &mvccpb.KeyValue{Key: []byte("/a"), ModRevision: 9}
	events := &pb.WatchResponse{Header: answered(9), Events: []*mvccpb.Event{
		{Kv: oddKV}, {Type: mvccpb.Event_DELETE, Kv: gone, PrevKv: plainKV},
	}}
	progress := &pb.WatchResponse{Header: answered(9)}
	compacted := &pb.WatchResponse{Header: &pb.ResponseHeader{ClusterId: 1, MemberId: 2, RaftTerm: 3}, Canceled: true, CompactRevision: 5}
	refused := &pb.WatchResponse{Header: &pb.ResponseHeader{}, Canceled: true, CancelReason: "no \"leader\""}
	_, _, odd, oddHex := fieldsOf("")
	plain, plainHex, _, _ := fieldsOf("Prev")
	goneFields := "\"Key\" : \"/a\"\n\"CreateRevision\" : 0\n\"ModRevision\" : 9\n\"Version\" : 0\n\"Value\" : \"\"\n\"Lease\" : "
	const tail = `"Canceled":false,"Created":false,"CancelReason":""}` + "\n"
	for _, s := range []shown{
		{
			name: "events", view: Watch{WatchResponse: events}, protobuf: events,
			simple:    "PUT\n" + oddSimple + "DELETE\n" + plainSimple + "/a\n\n",
			hexSimple: "PUT\n" + oddHexSimple + "DELETE\n" + plainHexSimple + "\\x2f\\x61\n\n",
			fields:    answeredFields + "\"Type\" : PUT\n" + odd + "\"Type\" : DELETE\n" + plain + goneFields + "0\n",
			hexFields: answeredHexFields + "\"Type\" : PUT\n" + oddHex + "\"Type\" : DELETE\n" + plainHex + goneFields + "0000000000000000\n",
			json: `{"Header":{` + answeredMembers + `},"Events":[{"kv":` + oddJSON + `},{"type":1,"kv":{"key":"L2E=","mod_revision":9},"prev_kv":` +
				plainJSON + `}],"CompactRevision":0,` + tail,
			table: `+--------+------------+--------+-----------------+--------------+---------+------------------+----------------+-----------------------+
|  TYPE  |    KEY     | VALUE  | CREATE REVISION | MOD REVISION | VERSION |      LEASE       | PREVIOUS VALUE | PREVIOUS MOD REVISION |
+--------+------------+--------+-----------------+--------------+---------+------------------+----------------+-----------------------+
|    PUT | "k \"\xff" | "x\ny" |               4 |            4 |       1 | 2c6aa20445ec8547 |                |                       |
| DELETE |         /a |        |               0 |            9 |       0 |                  |            one |                     5 |
+--------+------------+--------+-----------------+--------------+---------+------------------+----------------+-----------------------+
`,
		},
		{ // json and protobuf stay valid: upstream prints its line there, too
			name: "progress", view: Watch{WatchResponse: progress}, protobuf: progress,
			simple: "progress notify: 9\n", table: "progress notify: 9\n",
			fields: "progress notify: 9\n" + answeredFields, hexFields: "progress notify: 9\n" + answeredHexFields,
			json: `{"Header":{` + answeredMembers + `},"Events":null,"CompactRevision":0,` + tail,
		},
		{
			name: "compacted", view: Watch{WatchResponse: compacted}, protobuf: compacted,
			fields: "\"ClusterID\" : 1\n\"MemberID\" : 2\n\"RaftTerm\" : 3\n",
			json: `{"Header":{"cluster_id":1,"member_id":2,"raft_term":3},"Events":null,"CompactRevision":5,` +
				`"Canceled":true,"Created":false,"CancelReason":""}` + "\n",
			table: `+----------+------------------+
| CANCELED | COMPACT REVISION |
+----------+------------------+
|     true |                5 |
+----------+------------------+
`,
		},
		{
			name: "canceled for a reason", view: Watch{WatchResponse: refused}, protobuf: &pb.WatchResponse{Header: &pb.ResponseHeader{}, Canceled: true},
			fields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n",
			json:   `{"Header":{},"Events":null,"CompactRevision":0,"Canceled":true,"Created":false,"CancelReason":"no \"leader\""}` + "\n",
			table: `+----------+------------------+
| CANCELED | COMPACT REVISION |
+----------+------------------+
|     true |                0 |
+----------+------------------+
`,
		},
	} {
		t.Run(s.name, s.test)
	}
}

func TestWatchJSONAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		w := &pb.WatchResponse{}
		randomize(rand.New(rand.NewPCG(seed, 10)), w.ProtoReflect())
		want := encoded(t, struct { // the fields of upstream's type that are exported
			Header            *pb.ResponseHeader
			Events            []*mvccpb.Event
			CompactRevision   int64
			Canceled, Created bool
			CancelReason      string
		}{w.Header, w.Events, w.CompactRevision, w.Canceled, w.Created, w.CancelReason})
		got := printed(t, "json", false, Watch{WatchResponse: w})
		if got != want {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, got, want)
		}
		if !json.Valid([]byte(got)) {
			t.Fatalf("seed %d: no json: %s", seed, got)
		}
	}
}
