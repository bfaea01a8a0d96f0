package view

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// leader and follower are answers of 3.7; old is one of 3.5, which knows
// neither storage version, quota nor downgrade.
var (
	leader = &pb.StatusResponse{
		Header:  &pb.ResponseHeader{ClusterId: 0xef37ad9dc622a7c4, MemberId: 0x8e9e05c52164694d, Revision: 42, RaftTerm: 3},
		Version: "3.7.3", StorageVersion: "3.7.0", DbSize: 25_000, DbSizeInUse: 16_384, DbSizeQuota: 2 << 30,
		Leader: 0x8e9e05c52164694d, RaftTerm: 3, RaftIndex: 77, RaftAppliedIndex: 76,
		DowngradeInfo: &pb.DowngradeInfo{},
	}
	follower = &pb.StatusResponse{
		Header:  &pb.ResponseHeader{ClusterId: 0xef37ad9dc622a7c4, MemberId: 0xabc, Revision: 42, RaftTerm: 3},
		Version: "3.7.3", DbSize: 1_234_567, DbSizeInUse: 1_234_567, Leader: 0x8e9e05c52164694d, IsLearner: true,
		RaftTerm: 3, RaftIndex: 77, RaftAppliedIndex: 77, Errors: []string{"etcdserver: no leader", "memberID:2748 alarm:NOSPACE "},
		DowngradeInfo: &pb.DowngradeInfo{Enabled: true, TargetVersion: "3.6.0"},
	}
	old = &pb.StatusResponse{Version: "3.5.33"}
)

func TestEndpointStatus(t *testing.T) {
	t.Parallel()
	for _, s := range []shown{
		{
			name: "two", view: EndpointStatus{{"127.0.0.1:2379", leader}, {"http://b:2379", follower}},
			simple: "127.0.0.1:2379, 8e9e05c52164694d, 3.7.3, 3.7.0, 25 kB, 16 kB, 35%, 2.1 GB, true, false, 3, 77, 76, , , false\n" +
				"http://b:2379, abc, 3.7.3, , 1.2 MB, 1.2 MB, 0%, 0 B, false, true, 3, 77, 77, " +
				"etcdserver: no leader, memberID:2748 alarm:NOSPACE , 3.6.0, true\n",
			fields: `"ClusterID" : 17237436991929493444
"MemberID" : 10276657743932975437
"Revision" : 42
"RaftTerm" : 3
"Version" : "3.7.3"
"StorageVersion" : "3.7.0"
"DBSize" : 25000
"DBSizeInUse" : 16384
"DBSizeQuota" : 2147483648
"Leader" : 10276657743932975437
"IsLearner" : false
"RaftIndex" : 77
"RaftAppliedIndex" : 76
"Errors" : []
"Endpoint" : "127.0.0.1:2379"
"DowngradeTargetVersion" : ""
"DowngradeEnabled" : false

"ClusterID" : 17237436991929493444
"MemberID" : 2748
"Revision" : 42
"RaftTerm" : 3
"Version" : "3.7.3"
"StorageVersion" : ""
"DBSize" : 1234567
"DBSizeInUse" : 1234567
"DBSizeQuota" : 0
"Leader" : 10276657743932975437
"IsLearner" : true
"RaftIndex" : 77
"RaftAppliedIndex" : 77
"Errors" : [etcdserver: no leader memberID:2748 alarm:NOSPACE ]
"Endpoint" : "http://b:2379"
"DowngradeTargetVersion" : "3.6.0"
"DowngradeEnabled" : true

`,
			hexFields: `"ClusterID" : ef37ad9dc622a7c4
"MemberID" : 8e9e05c52164694d
"Revision" : 42
"RaftTerm" : 3
"Version" : "3.7.3"
"StorageVersion" : "3.7.0"
"DBSize" : 25000
"DBSizeInUse" : 16384
"DBSizeQuota" : 2147483648
"Leader" : 10276657743932975437
"IsLearner" : false
"RaftIndex" : 77
"RaftAppliedIndex" : 76
"Errors" : []
"Endpoint" : "127.0.0.1:2379"
"DowngradeTargetVersion" : ""
"DowngradeEnabled" : false

"ClusterID" : ef37ad9dc622a7c4
"MemberID" : abc
"Revision" : 42
"RaftTerm" : 3
"Version" : "3.7.3"
"StorageVersion" : ""
"DBSize" : 1234567
"DBSizeInUse" : 1234567
"DBSizeQuota" : 0
"Leader" : 10276657743932975437
"IsLearner" : true
"RaftIndex" : 77
"RaftAppliedIndex" : 77
"Errors" : [etcdserver: no leader memberID:2748 alarm:NOSPACE ]
"Endpoint" : "http://b:2379"
"DowngradeTargetVersion" : "3.6.0"
"DowngradeEnabled" : true

`,
			table: `+----------------+------------------+---------+-----------------+---------+--------+-----------------------+--------+-----------+------------+-----------+------------+--------------------+----------------------------------------------------+--------------------------+-------------------+
|    ENDPOINT    |        ID        | VERSION | STORAGE VERSION | DB SIZE | IN USE | PERCENTAGE NOT IN USE | QUOTA  | IS LEADER | IS LEARNER | RAFT TERM | RAFT INDEX | RAFT APPLIED INDEX |                       ERRORS                       | DOWNGRADE TARGET VERSION | DOWNGRADE ENABLED |
+----------------+------------------+---------+-----------------+---------+--------+-----------------------+--------+-----------+------------+-----------+------------+--------------------+----------------------------------------------------+--------------------------+-------------------+
| 127.0.0.1:2379 | 8e9e05c52164694d |   3.7.3 |           3.7.0 |   25 kB |  16 kB |                   35% | 2.1 GB |      true |      false |         3 |         77 |                 76 |                                                    |                          |             false |
|  http://b:2379 |              abc |   3.7.3 |                 |  1.2 MB | 1.2 MB |                    0% |    0 B |     false |       true |         3 |         77 |                 77 | etcdserver: no leader, memberID:2748 alarm:NOSPACE |                    3.6.0 |              true |
+----------------+------------------+---------+-----------------+---------+--------+-----------------------+--------+-----------+------------+-----------+------------+--------------------+----------------------------------------------------+--------------------------+-------------------+
`,
			json: `[{"Endpoint":"127.0.0.1:2379","Status":{"header":{"cluster_id":17237436991929493444,"member_id":10276657743932975437,` +
				`"revision":42,"raft_term":3},"version":"3.7.3","dbSize":25000,"leader":10276657743932975437,"raftIndex":77,"raftTerm":3,` +
				`"raftAppliedIndex":76,"dbSizeInUse":16384,"storageVersion":"3.7.0","dbSizeQuota":2147483648,"downgradeInfo":{}}},` +
				`{"Endpoint":"http://b:2379","Status":{"header":{"cluster_id":17237436991929493444,"member_id":2748,"revision":42,` +
				`"raft_term":3},"version":"3.7.3","dbSize":1234567,"leader":10276657743932975437,"raftIndex":77,"raftTerm":3,` +
				`"raftAppliedIndex":77,"errors":["etcdserver: no leader","memberID:2748 alarm:NOSPACE "],"dbSizeInUse":1234567,` +
				`"isLearner":true,"downgradeInfo":{"enabled":true,"targetVersion":"3.6.0"}}}]` + "\n",
		},
		{
			name: "of a file without size", view: EndpointStatus{{"a", old}},
			simple: "a, 0, 3.5.33, , 0 B, 0 B, 0%, 0 B, true, false, 0, 0, 0, , , false\n",
			fields: `"ClusterID" : 0
"MemberID" : 0
"RaftTerm" : 0
"Version" : "3.5.33"
"StorageVersion" : ""
"DBSize" : 0
"DBSizeInUse" : 0
"DBSizeQuota" : 0
"Leader" : 0
"IsLearner" : false
"RaftIndex" : 0
"RaftAppliedIndex" : 0
"Errors" : []
"Endpoint" : "a"
"DowngradeTargetVersion" : ""
"DowngradeEnabled" : false

`,
			table: `+----------+----+---------+-----------------+---------+--------+-----------------------+-------+-----------+------------+-----------+------------+--------------------+--------+--------------------------+-------------------+
| ENDPOINT | ID | VERSION | STORAGE VERSION | DB SIZE | IN USE | PERCENTAGE NOT IN USE | QUOTA | IS LEADER | IS LEARNER | RAFT TERM | RAFT INDEX | RAFT APPLIED INDEX | ERRORS | DOWNGRADE TARGET VERSION | DOWNGRADE ENABLED |
+----------+----+---------+-----------------+---------+--------+-----------------------+-------+-----------+------------+-----------+------------+--------------------+--------+--------------------------+-------------------+
|        a |  0 |  3.5.33 |                 |     0 B |    0 B |                    0% |   0 B |      true |      false |         0 |          0 |                  0 |        |                          |             false |
+----------+----+---------+-----------------+---------+--------+-----------------------+-------+-----------+------------+-----------+------------+--------------------+--------+--------------------------+-------------------+
`,
			json: `[{"Endpoint":"a","Status":{"version":"3.5.33"}}]` + "\n",
		},
		{
			name: "of none", view: EndpointStatus(nil), json: "null\n",
			table: `+----------+----+---------+-----------------+---------+--------+-----------------------+-------+-----------+------------+-----------+------------+--------------------+--------+--------------------------+-------------------+
| ENDPOINT | ID | VERSION | STORAGE VERSION | DB SIZE | IN USE | PERCENTAGE NOT IN USE | QUOTA | IS LEADER | IS LEARNER | RAFT TERM | RAFT INDEX | RAFT APPLIED INDEX | ERRORS | DOWNGRADE TARGET VERSION | DOWNGRADE ENABLED |
+----------+----+---------+-----------------+---------+--------+-----------------------+-------+-----------+------------+-----------+------------+--------------------+--------+--------------------------+-------------------+
`,
		},
	} {
		t.Run(s.name, s.test)
	}
}

func TestEndpointHashKV(t *testing.T) {
	t.Parallel()
	hash := &pb.HashKVResponse{Header: inCluster, Hash: math.MaxUint32, CompactRevision: -1, HashRevision: 7}
	for _, s := range []shown{
		{
			name: "two", view: EndpointHashKV{{"127.0.0.1:2379", hash}, {"b", &pb.HashKVResponse{}}},
			simple: "127.0.0.1:2379, 4294967295, 7\nb, 0, 0\n",
			fields: `"ClusterID" : 17237436991929493444
"MemberID" : 10276657743932975437
"RaftTerm" : 2
"Endpoint" : "127.0.0.1:2379"
"Hash" : 4294967295
"HashRevision" : 7

"ClusterID" : 0
"MemberID" : 0
"RaftTerm" : 0
"Endpoint" : "b"
"Hash" : 0
"HashRevision" : 0

`,
			hexFields: `"ClusterID" : ef37ad9dc622a7c4
"MemberID" : 8e9e05c52164694d
"RaftTerm" : 2
"Endpoint" : "127.0.0.1:2379"
"Hash" : 4294967295
"HashRevision" : 7

"ClusterID" : 0
"MemberID" : 0
"RaftTerm" : 0
"Endpoint" : "b"
"Hash" : 0
"HashRevision" : 0

`,
			table: `+----------------+------------+---------------+
|    ENDPOINT    |    HASH    | HASH REVISION |
+----------------+------------+---------------+
| 127.0.0.1:2379 | 4294967295 |             7 |
|              b |          0 |             0 |
+----------------+------------+---------------+
`,
			json: `[{"Endpoint":"127.0.0.1:2379","HashKV":{"header":{"cluster_id":17237436991929493444,"member_id":10276657743932975437,` +
				`"raft_term":2},"hash":4294967295,"compact_revision":-1,"hash_revision":7}},{"Endpoint":"b","HashKV":{}}]` + "\n",
		},
		{
			name: "of none", view: EndpointHashKV(nil), json: "null\n",
			table: "+----------+------+---------------+\n| ENDPOINT | HASH | HASH REVISION |\n+----------+------+---------------+\n",
		},
	} {
		t.Run(s.name, s.test)
	}
}

var checked = EndpointHealth{
	{Endpoint: "127.0.0.1:2379", Asked: true, Took: 1234567},
	{Endpoint: "http://b:2379", Asked: true, Took: 5*time.Second + 999, Error: "context deadline exceeded"},
	{Endpoint: "c", Error: `etcdserver: authentication failed, invalid user ID or password`},
}

func TestEndpointHealth(t *testing.T) {
	t.Parallel()
	for _, s := range []shown{
		{
			name: "three", view: checked,
			simple: "127.0.0.1:2379 is healthy: successfully committed proposal: took = 1.234567ms\n",
			fields: `"Endpoint" : "127.0.0.1:2379"
"Health" : true
"Took" : 1.234567ms
"Error" : 

"Endpoint" : "http://b:2379"
"Health" : false
"Took" : 5.000000999s
"Error" : context deadline exceeded

"Endpoint" : "c"
"Health" : false
"Took" : 
"Error" : etcdserver: authentication failed, invalid user ID or password

`,
			table: `+----------------+--------+--------------+----------------------------------------------------------------+
|    ENDPOINT    | HEALTH |     TOOK     |                             ERROR                              |
+----------------+--------+--------------+----------------------------------------------------------------+
| 127.0.0.1:2379 |   true |   1.234567ms |                                                                |
|  http://b:2379 |  false | 5.000000999s |                                      context deadline exceeded |
|              c |  false |              | etcdserver: authentication failed, invalid user ID or password |
+----------------+--------+--------------+----------------------------------------------------------------+
`,
			json: `[{"endpoint":"127.0.0.1:2379","health":true,"took":"1.234567ms"},` +
				`{"endpoint":"http://b:2379","health":false,"took":"5.000000999s","error":"context deadline exceeded"},` +
				`{"endpoint":"c","health":false,"took":"","error":"etcdserver: authentication failed, invalid user ID or password"}]` + "\n",
		},
		{
			name: "of none", view: EndpointHealth(nil), json: "null\n",
			table: "+----------+--------+------+-------+\n| ENDPOINT | HEALTH | TOOK | ERROR |\n+----------+--------+------+-------+\n",
		},
	} {
		t.Run(s.name, s.test)
	}
}

// field is one field of a message in wire format.
type field struct {
	number protowire.Number
	value  string // of a length-delimited field
	varint uint64
}

// split takes a message apart.
func split(t *testing.T, b []byte) (fields []field) {
	t.Helper()
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatalf("tag: %v", protowire.ParseError(n))
		}
		b = b[n:]
		f := field{number: number}
		if kind == protowire.BytesType {
			var v []byte
			v, n = protowire.ConsumeBytes(b)
			f.value = string(v)
		} else {
			f.varint, n = protowire.ConsumeVarint(b)
		}
		if n < 0 {
			t.Fatalf("field %d: %v", number, protowire.ParseError(n))
		}
		b = b[n:]
		fields = append(fields, f)
	}
	return fields
}

func TestEndpointProtobuf(t *testing.T) {
	t.Parallel()
	status := split(t, []byte(printed(t, "protobuf", false, EndpointStatus{{"a:1", leader}, {"b:2", follower}})))
	hashes := []*pb.HashKVResponse{{Hash: 1, HashRevision: 2}, {}}
	hashed := split(t, []byte(printed(t, "protobuf", true, EndpointHashKV{{"a:1", hashes[0]}, {"b:2", hashes[1]}})))
	for i, endpoint := range []string{"a:1", "b:2"} {
		for _, tt := range []struct {
			got  field
			want proto.Message
			into proto.Message
		}{
			{status[i], []*pb.StatusResponse{leader, follower}[i], &pb.StatusResponse{}},
			{hashed[i], hashes[i], &pb.HashKVResponse{}},
		} {
			in := split(t, []byte(tt.got.value))
			if tt.got.number != 1 || len(in) != 2 || in[0] != (field{number: 1, value: endpoint}) || in[1].number != 2 {
				t.Fatalf("answer %d of %T is %+v", i, tt.want, in)
			}
			if err := proto.Unmarshal([]byte(in[1].value), tt.into); err != nil || !proto.Equal(tt.into, tt.want) {
				t.Errorf("answer %d: got %v (%v), want %v", i, tt.into, err, tt.want)
			}
		}
	}
	want := [][]field{
		{{1, "127.0.0.1:2379", 0}, {2, "", 1}, {3, "", 1234567}},
		{{1, "http://b:2379", 0}, {3, "", 5_000_000_999}, {4, "context deadline exceeded", 0}},
		{{1, "c", 0}, {4, "etcdserver: authentication failed, invalid user ID or password", 0}},
	}
	for i, f := range split(t, []byte(printed(t, "protobuf", false, checked))) {
		got := split(t, []byte(f.value))
		if len(got) != len(want[i]) {
			t.Fatalf("check %d is %+v, want %+v", i, got, want[i])
		}
		for j := range got {
			if got[j] != want[i][j] {
				t.Errorf("check %d is %+v, want %+v", i, got, want[i])
			}
		}
	}
	for _, none := range []printer.View{EndpointStatus(nil), EndpointHashKV(nil), EndpointHealth(nil)} {
		if got := printed(t, "protobuf", false, none); got != "" {
			t.Errorf("%T of none is %q", none, got)
		}
	}
}

func TestEndpointBadProtobuf(t *testing.T) {
	t.Parallel()
	p, err := printer.New(&discard{}, "protobuf", printer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Print(EndpointStatus{{"a:1", &pb.StatusResponse{Version: "\xff"}}})
	want := "marshal the answer of a:1: string field contains invalid UTF-8"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func TestEndpointJSONAsEncodingJSON(t *testing.T) {
	t.Parallel()
	type status struct {
		Endpoint string             `json:"Endpoint"`
		Status   *pb.StatusResponse `json:"Status"`
	}
	type hashKV struct {
		Endpoint string             `json:"Endpoint"`
		HashKV   *pb.HashKVResponse `json:"HashKV"`
	}
	for seed := range uint64(500) {
		s, h := &pb.StatusResponse{}, &pb.HashKVResponse{}
		randomize(rand.New(rand.NewPCG(seed, 5)), s.ProtoReflect())
		randomize(rand.New(rand.NewPCG(seed, 6)), h.ProtoReflect())
		if got, want := jsonOf37(t, EndpointStatus{{"<a>", s}}, seed), encoded(t, []status{{"<a>", s}}); got != want {
			t.Fatalf("seed %d: got\n%swant\n%s", seed, got, want)
		}
		if got, want := jsonOf37(t, EndpointHashKV{{"a", h}}, seed), encoded(t, []hashKV{{"a", h}}); got != want {
			t.Fatalf("seed %d: got\n%swant\n%s", seed, got, want)
		}
	}
}
