package view

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func TestMoveLeader(t *testing.T) {
	t.Parallel()
	for _, s := range []shown{
		{
			name: "as servers answer", view: MoveLeader{From: 0x8af1f0ed95f26508, To: 0xe4, MoveLeaderResponse: &pb.MoveLeaderResponse{}},
			simple:    "Leadership transferred from 8af1f0ed95f26508 to e4\n",
			fields:    "\"From\" : 10012048349834929416\n\"To\" : 228\n",
			hexFields: "\"From\" : 8af1f0ed95f26508\n\"To\" : e4\n",
			table: "+------------------+----+\n" +
				"|       FROM       | TO |\n" +
				"+------------------+----+\n" +
				"| 8af1f0ed95f26508 | e4 |\n" +
				"+------------------+----+\n",
			json:     "{}\n",
			protobuf: &pb.MoveLeaderResponse{},
		},
		{
			name: "with a header", view: MoveLeader{1, 2, &pb.MoveLeaderResponse{Header: answered(9)}},
			simple:   "Leadership transferred from 1 to 2\n",
			fields:   "\"From\" : 1\n\"To\" : 2\n",
			table:    "+------+----+\n| FROM | TO |\n+------+----+\n|    1 |  2 |\n+------+----+\n",
			json:     "{" + answeredJSON + "}\n",
			protobuf: &pb.MoveLeaderResponse{Header: answered(9)},
		},
	} {
		t.Run(s.name, s.test)
	}
}
