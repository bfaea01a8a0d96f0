package view

import (
	"bytes"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/printer"
)

// printedAs is v in a format of a release.
func printedAs(t *testing.T, format string, o printer.Options, v printer.View) string {
	t.Helper()
	var out bytes.Buffer
	p, err := printer.New(&out, format, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Print(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestReleases has each place where the releases differ, as their programs print it.
func TestReleases(t *testing.T) {
	t.Parallel()
	header := &pb.ResponseHeader{ClusterId: 0xef37ad9dc622a7c4, MemberId: 0x8e9e05c52164694d, RaftTerm: 2}
	status := EndpointStatus{{"a:1", &pb.StatusResponse{
		Header: header, Version: "3.6.16", StorageVersion: "3.6.0", DbSize: 25_000, DbSizeInUse: 16_384, DbSizeQuota: 2 << 30,
		Leader: 0x8e9e05c52164694d, RaftTerm: 2, RaftIndex: 8, RaftAppliedIndex: 7, DowngradeInfo: &pb.DowngradeInfo{},
	}}}
	hashes := EndpointHashKV{{"a:1", &pb.HashKVResponse{Header: header, Hash: 4294967295, CompactRevision: 3, HashRevision: 9}}}
	snap := SnapshotStatus{Hash: 0xcafe, Revision: 4, TotalKey: 2, TotalRecords: 9, TotalSize: 28672, Version: "3.7.0"}
	one := &pb.Member{ID: 0xabc, Name: "m1", PeerURLs: []string{"http://p:1"}, ClientURLs: []string{"http://c:1"}}
	learner := &pb.Member{ID: 0xdef, PeerURLs: []string{"http://p:2"}, IsLearner: true}
	list := Members{&pb.MemberListResponse{Header: header, Members: []*pb.Member{one, learner}}}
	added := MemberAdd{
		Members: Members{&pb.MemberAddResponse{Header: header, Member: learner, Members: []*pb.Member{one, learner}}},
		NewName: "m2", PeerURLs: "http://p:2",
	}
	compacted := Watch{&pb.WatchResponse{Header: header, Canceled: true, CompactRevision: 6, CancelReason: "why"}}
	cut := Watch{&pb.WatchResponse{Header: &pb.ResponseHeader{}, Canceled: true}}
	events := Watch{&pb.WatchResponse{Header: header, Events: []*mvccpb.Event{{Kv: &mvccpb.KeyValue{Key: []byte("k")}}}}}

	const (
		fieldsHead = "\"ClusterID\" : 17237436991929493444\n\"MemberID\" : 10276657743932975437\n"
		hexHead    = "\"ClusterID\" : ef37ad9dc622a7c4\n\"MemberID\" : 8e9e05c52164694d\n"
		jsonHead   = `{"cluster_id":17237436991929493444,"member_id":10276657743932975437,"raft_term":2}`
		joined     = `Member              def added to cluster ef37ad9dc622a7c4

ETCD_NAME="m2"
ETCD_INITIAL_CLUSTER="m1=http://p:1,m2=http://p:2"
ETCD_INITIAL_ADVERTISE_PEER_URLS="http://p:2"
ETCD_INITIAL_CLUSTER_STATE="existing"
`
		joinedLearner = `Member              def added as learner to cluster ef37ad9dc622a7c4

ETCD_NAME="m2"
ETCD_INITIAL_CLUSTER="m1=http://p:1,m2=http://p:2"
ETCD_INITIAL_ADVERTISE_PEER_URLS="http://p:2"
ETCD_INITIAL_CLUSTER_STATE="existing"
`
	)
	for _, tt := range []struct {
		name          string
		view          printer.View
		format        string
		hex           bool
		v35, v36, v37 string
		none          string // without a release; as 3.7 where empty
	}{
		{
			name: "columns of endpoint status", view: status, format: "simple",
			v35: "a:1, 8e9e05c52164694d, 3.6.16, 25 kB, true, false, 2, 8, 7, \n",
			v36: "a:1, 8e9e05c52164694d, 3.6.16, 3.6.0, 25 kB, 16 kB, 35%, 2.1 GB, true, false, 2, 8, 7, , , false\n",
			v37: "a:1, 8e9e05c52164694d, 3.6.16, 3.6.0, 25 kB, 16 kB, 35%, 2.1 GB, true, false, 2, 8, 7, , , false\n",
		},
		{
			name: "fields of endpoint status", view: status, format: "fields",
			v35: fieldsHead + `"Revision" : 0
"RaftTerm" : 2
"Version" : "3.6.16"
"DBSize" : 25000
"Leader" : 10276657743932975437
"IsLearner" : false
"RaftIndex" : 8
"RaftTerm" : 2
"RaftAppliedIndex" : 7
"Errors" : []
"Endpoint" : "a:1"

`,
			v36: fieldsHead + statusFields, v37: fieldsHead + statusFields,
		},
		{
			name: "fields under --hex", view: status, format: "fields", hex: true,
			v35: fieldsHead + `"Revision" : 0
"RaftTerm" : 2
"Version" : "3.6.16"
"DBSize" : 25000
"Leader" : 10276657743932975437
"IsLearner" : false
"RaftIndex" : 8
"RaftTerm" : 2
"RaftAppliedIndex" : 7
"Errors" : []
"Endpoint" : "a:1"

`,
			v36: hexHead + statusFields, v37: hexHead + statusFields,
		},
		{
			name: "json of endpoint status", view: status, format: "json",
			v35: `[{"Endpoint":"a:1","Status":{"header":` + jsonHead + `,"version":"3.6.16","dbSize":25000,"leader":10276657743932975437,` +
				`"raftIndex":8,"raftTerm":2,"raftAppliedIndex":7,"dbSizeInUse":16384}}]` + "\n",
			v36: `[{"Endpoint":"a:1","Status":{"header":` + jsonHead + `,"version":"3.6.16","dbSize":25000,"leader":10276657743932975437,` +
				`"raftIndex":8,"raftTerm":2,"raftAppliedIndex":7,"dbSizeInUse":16384,"storageVersion":"3.6.0","dbSizeQuota":2147483648,` +
				`"downgradeInfo":{}}}]` + "\n",
			v37: `[{"Endpoint":"a:1","Status":{"header":` + jsonHead + `,"version":"3.6.16","dbSize":25000,"leader":10276657743932975437,` +
				`"raftIndex":8,"raftTerm":2,"raftAppliedIndex":7,"dbSizeInUse":16384,"storageVersion":"3.6.0","dbSizeQuota":2147483648,` +
				`"downgradeInfo":{}}}]` + "\n",
		},
		{
			name: "no endpoint answered, json", view: EndpointStatus(nil), format: "json",
			v35: "[]\n", v36: "null\n", v37: "null\n",
		},
		{
			name: "borders of a table", view: hashes, format: "table",
			v35: `+----------+------------+
| ENDPOINT |    HASH    |
+----------+------------+
|      a:1 | 4294967295 |
+----------+------------+
`,
			v36: `+----------+------------+---------------+
| ENDPOINT |    HASH    | HASH REVISION |
+----------+------------+---------------+
|      a:1 | 4294967295 |             9 |
+----------+------------+---------------+
`,
			v37: `┌──────────┬────────────┬───────────────┐
│ ENDPOINT │    HASH    │ HASH REVISION │
├──────────┼────────────┼───────────────┤
│      a:1 │ 4294967295 │             9 │
└──────────┴────────────┴───────────────┘
`,
			none: `+----------+------------+---------------+
| ENDPOINT |    HASH    | HASH REVISION |
+----------+------------+---------------+
|      a:1 | 4294967295 |             9 |
+----------+------------+---------------+
`,
		},
		{
			name: "a table without rows", view: EndpointHashKV(nil), format: "table",
			v35:  "+----------+------+\n| ENDPOINT | HASH |\n+----------+------+\n+----------+------+\n",
			v36:  "+----------+------+---------------+\n| ENDPOINT | HASH | HASH REVISION |\n+----------+------+---------------+\n+----------+------+---------------+\n",
			v37:  "┌──────────┬──────┬───────────────┐\n│ ENDPOINT │ HASH │ HASH REVISION │\n└──────────┴──────┴───────────────┘\n",
			none: "+----------+------+---------------+\n| ENDPOINT | HASH | HASH REVISION |\n+----------+------+---------------+\n",
		},
		{
			name: "columns of endpoint hashkv", view: hashes, format: "simple",
			v35: "a:1, 4294967295\n", v36: "a:1, 4294967295, 9\n", v37: "a:1, 4294967295, 9\n",
		},
		{
			name: "fields of endpoint hashkv", view: hashes, format: "fields",
			v35: fieldsHead + "\"Revision\" : 0\n\"RaftTerm\" : 2\n\"Endpoint\" : \"a:1\"\n\"Hash\" : 4294967295\n\n",
			v36: fieldsHead + "\"RaftTerm\" : 2\n\"Endpoint\" : \"a:1\"\n\"Hash\" : 4294967295\n\"HashRevision\" : 9\n\n",
			v37: fieldsHead + "\"RaftTerm\" : 2\n\"Endpoint\" : \"a:1\"\n\"Hash\" : 4294967295\n\"HashRevision\" : 9\n\n",
		},
		{
			name: "json of endpoint hashkv", view: hashes, format: "json",
			v35: `[{"Endpoint":"a:1","HashKV":{"header":` + jsonHead + `,"hash":4294967295,"compact_revision":3}}]` + "\n",
			v36: `[{"Endpoint":"a:1","HashKV":{"header":` + jsonHead + `,"hash":4294967295,"compact_revision":3,"hash_revision":9}}]` + "\n",
			v37: `[{"Endpoint":"a:1","HashKV":{"header":` + jsonHead + `,"hash":4294967295,"compact_revision":3,"hash_revision":9}}]` + "\n",
		},
		{
			name: "snapshot status", view: snap, format: "simple",
			v35: "cafe, 4, 9, 29 kB\n", v36: "cafe, 4, 2, 29 kB, 3.7.0\n", v37: "cafe, 4, 2, 29 kB, 3.7.0\n",
		},
		{
			name: "table of snapshot status", view: snap, format: "table",
			v35: `+------+----------+------------+------------+
| HASH | REVISION | TOTAL KEYS | TOTAL SIZE |
+------+----------+------------+------------+
| cafe |        4 |          9 |      29 kB |
+------+----------+------------+------------+
`,
			v36: `+------+----------+------------+------------+---------+
| HASH | REVISION | TOTAL KEYS | TOTAL SIZE | VERSION |
+------+----------+------------+------------+---------+
| cafe |        4 |          2 |      29 kB |   3.7.0 |
+------+----------+------------+------------+---------+
`,
			v37: `┌──────┬──────────┬────────────┬────────────┬─────────┐
│ HASH │ REVISION │ TOTAL KEYS │ TOTAL SIZE │ VERSION │
├──────┼──────────┼────────────┼────────────┼─────────┤
│ cafe │        4 │          2 │      29 kB │   3.7.0 │
└──────┴──────────┴────────────┴────────────┴─────────┘
`,
			none: `+------+----------+------------+------------+---------+
| HASH | REVISION | TOTAL KEYS | TOTAL SIZE | VERSION |
+------+----------+------------+------------+---------+
| cafe |        4 |          2 |      29 kB |   3.7.0 |
+------+----------+------------+------------+---------+
`,
		},
		{
			name: "fields of snapshot status", view: snap, format: "fields",
			v35: "\"Hash\" : 51966\n\"Revision\" : 4\n\"Keys\" : 9\n\"Size\" : 28672\n",
			v36: "\"Hash\" : 51966\n\"Revision\" : 4\n\"Keys\" : 2\n\"Size\" : 28672\n\"Version\" : 3.7.0\n",
			v37: "\"Hash\" : 51966\n\"Revision\" : 4\n\"Keys\" : 2\n\"Size\" : 28672\n\"Version\" : 3.7.0\n",
		},
		{
			name: "json of snapshot status", view: snap, format: "json",
			v35: `{"hash":51966,"revision":4,"totalKey":9,"totalSize":28672}` + "\n",
			v36: `{"hash":51966,"revision":4,"totalKey":2,"totalSize":28672,"version":"3.7.0"}` + "\n",
			v37: `{"hash":51966,"revision":4,"totalKey":2,"totalSize":28672,"version":"3.7.0"}` + "\n",
		},
		{
			name: "a learner added", view: added, format: "simple",
			v35: joined, v36: joinedLearner, v37: joinedLearner,
		},
		{
			name: "json of member list --hex", view: list, format: "json", hex: true,
			v35: `{"header":{"cluster_id":"ef37ad9dc622a7c4","member_id":"8e9e05c52164694d","raft_term":2},"members":[` +
				`{"ID":"abc","name":"m1","peerURLs":["http://p:1"],"clientURLS":["http://c:1"]},` +
				`{"ID":"def","name":"","peerURLs":["http://p:2"],"clientURLS":null}]}` + "\n",
			v36: `{"header":{"cluster_id":"ef37ad9dc622a7c4","member_id":"8e9e05c52164694d","raft_term":2},"members":[` +
				`{"ID":"abc","name":"m1","peerURLs":["http://p:1"],"clientURLs":["http://c:1"]},` +
				`{"ID":"def","name":"","peerURLs":["http://p:2"],"clientURLs":null}]}` + "\n",
			v37: `{"header":{"cluster_id":"ef37ad9dc622a7c4","member_id":"8e9e05c52164694d","raft_term":2},"members":[` +
				`{"ID":"abc","name":"m1","peerURLs":["http://p:1"],"clientURLs":["http://c:1"]},` +
				`{"ID":"def","peerURLs":["http://p:2"],"isLearner":true}]}` + "\n",
		},
		{
			name: "json of member add --hex", view: added, format: "json", hex: true,
			v35: `{"header":` + jsonHead + `,"member":{"ID":3567,"peerURLs":["http://p:2"],"isLearner":true},"members":[` +
				`{"ID":2748,"name":"m1","peerURLs":["http://p:1"],"clientURLs":["http://c:1"]},{"ID":3567,"peerURLs":["http://p:2"],"isLearner":true}]}` + "\n",
			v36: `{"header":` + jsonHead + `,"member":{"ID":3567,"peerURLs":["http://p:2"],"isLearner":true},"members":[` +
				`{"ID":2748,"name":"m1","peerURLs":["http://p:1"],"clientURLs":["http://c:1"]},{"ID":3567,"peerURLs":["http://p:2"],"isLearner":true}]}` + "\n",
			v37: `{"header":{"cluster_id":"ef37ad9dc622a7c4","member_id":"8e9e05c52164694d","raft_term":2},` +
				`"member":{"ID":"def","peerURLs":["http://p:2"],"isLearner":true},"members":[` +
				`{"ID":"abc","name":"m1","peerURLs":["http://p:1"],"clientURLs":["http://c:1"]},{"ID":"def","peerURLs":["http://p:2"],"isLearner":true}]}` + "\n",
		},
		{
			name: "a watch from a compacted revision, json", view: compacted, format: "json",
			v35: `{"Header":` + jsonHead + `,"Events":[],"CompactRevision":6,"Canceled":true,"Created":false}` + "\n",
			v36: `{"Header":` + jsonHead + `,"Events":[],"CompactRevision":6,"Canceled":true,"Created":false}` + "\n",
			v37: `{"Header":` + jsonHead + `,"Events":null,"CompactRevision":6,"Canceled":true,"Created":false,"CancelReason":"why"}` + "\n",
		},
		{
			name: "a watch that the client ended, json", view: cut, format: "json",
			v35: `{"Header":{},"Events":null,"CompactRevision":0,"Canceled":true,"Created":false}` + "\n",
			v36: `{"Header":{},"Events":null,"CompactRevision":0,"Canceled":true,"Created":false}` + "\n",
			v37: `{"Header":{},"Events":null,"CompactRevision":0,"Canceled":true,"Created":false,"CancelReason":""}` + "\n",
		},
		{
			name: "an event, json", view: events, format: "json",
			v35: `{"Header":` + jsonHead + `,"Events":[{"kv":{"key":"aw=="}}],"CompactRevision":0,"Canceled":false,"Created":false}` + "\n",
			v36: `{"Header":` + jsonHead + `,"Events":[{"kv":{"key":"aw=="}}],"CompactRevision":0,"Canceled":false,"Created":false}` + "\n",
			v37: `{"Header":` + jsonHead + `,"Events":[{"kv":{"key":"aw=="}}],"CompactRevision":0,"Canceled":false,"Created":false,"CancelReason":""}` + "\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.none == "" {
				tt.none = tt.v37
			}
			for release, want := range map[printer.Release]string{
				printer.V35: tt.v35, printer.V36: tt.v36, printer.V37: tt.v37, printer.Default: tt.none,
			} {
				if got := printedAs(t, tt.format, printer.Options{Hex: tt.hex, Release: release}, tt.view); got != want {
					t.Errorf("release %d: got\n%s\nwant\n%s", release, got, want)
				}
			}
		})
	}
}

// statusFields follows the ids of an endpoint's status since 3.6.
const statusFields = `"RaftTerm" : 2
"Version" : "3.6.16"
"StorageVersion" : "3.6.0"
"DBSize" : 25000
"DBSizeInUse" : 16384
"DBSizeQuota" : 2147483648
"Leader" : 10276657743932975437
"IsLearner" : false
"RaftIndex" : 8
"RaftAppliedIndex" : 7
"Errors" : []
"Endpoint" : "a:1"
"DowngradeTargetVersion" : ""
"DowngradeEnabled" : false

`
