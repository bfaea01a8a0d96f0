package view

import (
	"fmt"
	"math/rand/v2"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// The member that is added has a short id, as one in sixteen has: upstream
// pads with blanks there.
var (
	started = &pb.Member{ID: 0x8e9e05c52164694d, Name: "m1", PeerURLs: []string{"http://127.0.0.1:2380"},
		ClientURLs: []string{"http://127.0.0.1:2379", "https://m1:2379"}}
	learner   = &pb.Member{ID: 0xabc, PeerURLs: []string{"http://10.0.0.8:2380", "http://[::1]:2380"}, IsLearner: true}
	inCluster = &pb.ResponseHeader{ClusterId: 0xef37ad9dc622a7c4, MemberId: 0x8e9e05c52164694d, RaftTerm: 2}
	both      = []*pb.Member{started, learner}
)

const (
	bothTable = `+------------------+-----------+------+----------------------------------------+---------------------------------------+------------+
|        ID        |  STATUS   | NAME |               PEER ADDRS               |             CLIENT ADDRS              | IS LEARNER |
+------------------+-----------+------+----------------------------------------+---------------------------------------+------------+
| 8e9e05c52164694d |   started |   m1 |                  http://127.0.0.1:2380 | http://127.0.0.1:2379,https://m1:2379 |      false |
|              abc | unstarted |      | http://10.0.0.8:2380,http://[::1]:2380 |                                       |       true |
+------------------+-----------+------+----------------------------------------+---------------------------------------+------------+
`
	bothFields = `"ClusterID" : 17237436991929493444
"MemberID" : 10276657743932975437
"RaftTerm" : 2
"ID" : 10276657743932975437
"Name" : "m1"
"PeerURL" : "http://127.0.0.1:2380"
"ClientURL" : "http://127.0.0.1:2379"
"ClientURL" : "https://m1:2379"
"IsLearner" : false

"ID" : 2748
"Name" : ""
"PeerURL" : "http://10.0.0.8:2380"
"PeerURL" : "http://[::1]:2380"
"IsLearner" : true

`
	bothHexFields = `"ClusterID" : ef37ad9dc622a7c4
"MemberID" : 8e9e05c52164694d
"RaftTerm" : 2
"ID" : 8e9e05c52164694d
"Name" : "m1"
"PeerURL" : "http://127.0.0.1:2380"
"ClientURL" : "http://127.0.0.1:2379"
"ClientURL" : "https://m1:2379"
"IsLearner" : false

"ID" : abc
"Name" : ""
"PeerURL" : "http://10.0.0.8:2380"
"PeerURL" : "http://[::1]:2380"
"IsLearner" : true

`
	startedJSON    = `{"ID":10276657743932975437,"name":"m1","peerURLs":["http://127.0.0.1:2380"],"clientURLs":["http://127.0.0.1:2379","https://m1:2379"]}`
	startedHexJSON = `{"ID":"8e9e05c52164694d","name":"m1","peerURLs":["http://127.0.0.1:2380"],"clientURLs":["http://127.0.0.1:2379","https://m1:2379"]}`
	learnerJSON    = `{"ID":2748,"peerURLs":["http://10.0.0.8:2380","http://[::1]:2380"],"isLearner":true}`
	learnerHexJSON = `{"ID":"abc","peerURLs":["http://10.0.0.8:2380","http://[::1]:2380"],"isLearner":true}`
	headJSON       = `{"header":{"cluster_id":17237436991929493444,"member_id":10276657743932975437,"raft_term":2},`
	headHexJSON    = `{"header":{"cluster_id":"ef37ad9dc622a7c4","member_id":"8e9e05c52164694d","raft_term":2},`
	bothJSON       = headJSON + `"members":[` + startedJSON + "," + learnerJSON + "]}\n"
	bothHexJSON    = headHexJSON + `"members":[` + startedHexJSON + "," + learnerHexJSON + "]}\n"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	list := &pb.MemberListResponse{Header: inCluster, Members: both}
	add := &pb.MemberAddResponse{Header: inCluster, Member: learner, Members: both}
	addVoter := &pb.MemberAddResponse{Header: &pb.ResponseHeader{ClusterId: 0xcdf}, Member: &pb.Member{ID: 7, PeerURLs: []string{"http://a:1"}},
		Members: []*pb.Member{{ID: 7, PeerURLs: []string{"http://a:1"}}}}
	remove := &pb.MemberRemoveResponse{Header: inCluster, Members: both}
	update := &pb.MemberUpdateResponse{Header: inCluster, Members: both}
	promote := &pb.MemberPromoteResponse{Header: inCluster, Members: both}
	for _, s := range []shown{
		{
			name: "list", view: Members{list}, fields: bothFields, table: bothTable, json: bothJSON, protobuf: list,
			simple: "8e9e05c52164694d, started, m1, http://127.0.0.1:2380, http://127.0.0.1:2379,https://m1:2379, false\n" +
				"abc, unstarted, , http://10.0.0.8:2380,http://[::1]:2380, , true\n",
			hexFields: bothHexFields, hexJSON: bothHexJSON,
		},
		{
			name: "add a learner", view: MemberAdd{Members{add}, `n"2`, "http://10.0.0.8:2380,http://[::1]:2380"},
			simple: `Member              abc added as learner to cluster ef37ad9dc622a7c4

ETCD_NAME="n\"2"
ETCD_INITIAL_CLUSTER="m1=http://127.0.0.1:2380,n\"2=http://10.0.0.8:2380,n\"2=http://[::1]:2380"
ETCD_INITIAL_ADVERTISE_PEER_URLS="http://10.0.0.8:2380,http://[::1]:2380"
ETCD_INITIAL_CLUSTER_STATE="existing"
`,
			fields: bothFields, table: bothTable, protobuf: add, hexFields: bothHexFields,
			json:    headJSON + `"member":` + learnerJSON + `,"members":[` + startedJSON + "," + learnerJSON + "]}\n",
			hexJSON: headHexJSON + `"member":` + learnerHexJSON + `,"members":[` + startedHexJSON + "," + learnerHexJSON + "]}\n",
		},
		{
			name: "add a voter", view: MemberAdd{Members{addVoter}, "n", "http://a:1"},
			simple: `Member                7 added to cluster              cdf

ETCD_NAME="n"
ETCD_INITIAL_CLUSTER="n=http://a:1"
ETCD_INITIAL_ADVERTISE_PEER_URLS="http://a:1"
ETCD_INITIAL_CLUSTER_STATE="existing"
`,
			fields: `"ClusterID" : 3295
"MemberID" : 0
"RaftTerm" : 0
"ID" : 7
"Name" : ""
"PeerURL" : "http://a:1"
"IsLearner" : false

`,
			table: `+----+-----------+------+------------+--------------+------------+
| ID |  STATUS   | NAME | PEER ADDRS | CLIENT ADDRS | IS LEARNER |
+----+-----------+------+------------+--------------+------------+
|  7 | unstarted |      | http://a:1 |              |      false |
+----+-----------+------+------------+--------------+------------+
`,
			json: `{"header":{"cluster_id":3295},"member":{"ID":7,"peerURLs":["http://a:1"]},"members":[{"ID":7,"peerURLs":["http://a:1"]}]}` + "\n",
			hexFields: `"ClusterID" : cdf
"MemberID" : 0
"RaftTerm" : 0
"ID" : 7
"Name" : ""
"PeerURL" : "http://a:1"
"IsLearner" : false

`,
			hexJSON: `{"header":{"cluster_id":"cdf","member_id":"0"},"member":{"ID":"7","peerURLs":["http://a:1"]},` +
				`"members":[{"ID":"7","peerURLs":["http://a:1"]}]}` + "\n",
			protobuf: addVoter,
		},
		{
			name: "remove", view: MemberRemove{Members{remove}, 0xabc}, simple: "Member              abc removed from cluster ef37ad9dc622a7c4\n",
			fields: bothFields, table: bothTable, json: bothJSON, hexFields: bothHexFields, hexJSON: bothHexJSON, protobuf: remove,
		},
		{
			name: "update", view: MemberUpdate{Members{update}, 0x8e9e05c52164694d}, simple: "Member 8e9e05c52164694d updated in cluster ef37ad9dc622a7c4\n",
			fields: bothFields, table: bothTable, json: bothJSON, hexFields: bothHexFields, hexJSON: bothHexJSON, protobuf: update,
		},
		{
			name: "promote", view: MemberPromote{Members{promote}, 0xabc}, simple: "Member              abc promoted in cluster ef37ad9dc622a7c4\n",
			fields: bothFields, table: bothTable, json: bothJSON, hexFields: bothHexFields, hexJSON: bothHexJSON, protobuf: promote,
		},
		{
			name: "an empty list", view: Members{&pb.MemberListResponse{}}, simple: "",
			fields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n",
			table: `+----+--------+------+------------+--------------+------------+
| ID | STATUS | NAME | PEER ADDRS | CLIENT ADDRS | IS LEARNER |
+----+--------+------+------------+--------------+------------+
`,
			json: "{}\n", hexJSON: `{"header":null,"members":[]}` + "\n", protobuf: &pb.MemberListResponse{},
		},
		{
			name: "an empty add", view: MemberAdd{Members{&pb.MemberAddResponse{}}, "", ""},
			simple: `Member                0 added to cluster                0

ETCD_NAME=""
ETCD_INITIAL_CLUSTER=""
ETCD_INITIAL_ADVERTISE_PEER_URLS=""
ETCD_INITIAL_CLUSTER_STATE="existing"
`,
			fields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n",
			table: `+----+--------+------+------------+--------------+------------+
| ID | STATUS | NAME | PEER ADDRS | CLIENT ADDRS | IS LEARNER |
+----+--------+------+------------+--------------+------------+
`,
			json: "{}\n", hexJSON: `{"header":null,"member":null,"members":[]}` + "\n", protobuf: &pb.MemberAddResponse{},
		},
	} {
		t.Run(s.name, s.test)
	}
}

// The structs in which upstream's printer writes the output of --hex.
type (
	hexHeader struct {
		ClusterID string `json:"cluster_id"`
		MemberID  string `json:"member_id"`
		Revision  int64  `json:"revision,omitempty"`
		RaftTerm  uint64 `json:"raft_term,omitempty"`
	}
	hexMember struct {
		ID         string   `json:"ID"`
		Name       string   `json:"name,omitempty"`
		PeerURLs   []string `json:"peerURLs,omitempty"`
		ClientURLs []string `json:"clientURLs,omitempty"`
		IsLearner  bool     `json:"isLearner,omitempty"`
	}
	hexList struct {
		Header  *hexHeader  `json:"header"`
		Members []hexMember `json:"members"`
	}
)

func toHex(r *pb.MemberListResponse) hexList {
	l := hexList{Members: []hexMember{}}
	if h := r.GetHeader(); h != nil {
		l.Header = &hexHeader{fmt.Sprintf("%x", h.GetClusterId()), fmt.Sprintf("%x", h.GetMemberId()), h.GetRevision(), h.GetRaftTerm()}
	}
	for _, m := range r.GetMembers() {
		l.Members = append(l.Members, hexMember{fmt.Sprintf("%x", m.GetID()), m.GetName(), m.GetPeerURLs(), m.GetClientURLs(), m.GetIsLearner()})
	}
	return l
}

func TestMembersJSONAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		list, add := &pb.MemberListResponse{}, &pb.MemberAddResponse{}
		randomize(rand.New(rand.NewPCG(seed, 3)), list.ProtoReflect())
		randomize(rand.New(rand.NewPCG(seed, 4)), add.ProtoReflect())
		if got, want := printed(t, "json", false, Members{list}), encoded(t, list); got != want {
			t.Fatalf("seed %d: got\n%swant\n%s", seed, got, want)
		}
		if got, want := printed(t, "json", true, Members{list}), encoded(t, toHex(list)); got != want {
			t.Fatalf("seed %d, hex: got\n%swant\n%s", seed, got, want)
		}
		if got, want := printed(t, "json", false, MemberAdd{Members: Members{add}}), encoded(t, add); got != want {
			t.Fatalf("seed %d, add: got\n%swant\n%s", seed, got, want)
		}
	}
}
