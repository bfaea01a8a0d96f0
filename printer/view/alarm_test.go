package view

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func TestAlarms(t *testing.T) {
	t.Parallel()
	raised := []*pb.AlarmMember{
		{MemberID: 0x8e9e05c52164694d, Alarm: pb.AlarmType_NOSPACE},
		{MemberID: 0xabc, Alarm: pb.AlarmType_CORRUPT},
	}
	listed := &pb.AlarmResponse{Header: answered(9), Alarms: raised}
	disarmed := &pb.AlarmResponse{Alarms: raised[:1]}
	none := &pb.AlarmResponse{Header: answered(9)}
	odd := &pb.AlarmResponse{Alarms: []*pb.AlarmMember{{MemberID: 1}, {Alarm: 7}, {}}}
	for _, s := range []shown{
		{
			name: "two", view: Alarms{listed}, protobuf: listed,
			simple: "memberID:10276657743932975437 alarm:NOSPACE\nmemberID:2748 alarm:CORRUPT\n",
			fields: answeredFields + "\"MemberID\" : 10276657743932975437\n\"AlarmType\" : NOSPACE\n\n" +
				"\"MemberID\" : 2748\n\"AlarmType\" : CORRUPT\n\n",
			hexFields: answeredHexFields + "\"MemberID\" : 8e9e05c52164694d\n\"AlarmType\" : NOSPACE\n\n" +
				"\"MemberID\" : abc\n\"AlarmType\" : CORRUPT\n\n",
			json: `{` + answeredJSON + `,"alarms":[{"memberID":10276657743932975437,"alarm":1},{"memberID":2748,"alarm":2}]}` + "\n",
			table: `+------------------+---------+
|    MEMBER ID     |  ALARM  |
+------------------+---------+
| 8e9e05c52164694d | NOSPACE |
|              abc | CORRUPT |
+------------------+---------+
`,
		},
		{
			name: "disarmed", view: Alarms{disarmed}, protobuf: disarmed,
			simple: "memberID:10276657743932975437 alarm:NOSPACE\n",
			fields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n" +
				"\"MemberID\" : 10276657743932975437\n\"AlarmType\" : NOSPACE\n\n",
			hexFields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n" +
				"\"MemberID\" : 8e9e05c52164694d\n\"AlarmType\" : NOSPACE\n\n",
			json: `{"alarms":[{"memberID":10276657743932975437,"alarm":1}]}` + "\n",
			table: `+------------------+---------+
|    MEMBER ID     |  ALARM  |
+------------------+---------+
| 8e9e05c52164694d | NOSPACE |
+------------------+---------+
`,
		},
		{
			name: "none", view: Alarms{none}, protobuf: none, fields: answeredFields, hexFields: answeredHexFields,
			json:  "{" + answeredJSON + "}\n",
			table: "+-----------+-------+\n| MEMBER ID | ALARM |\n+-----------+-------+\n",
		},
		{
			name: "half said", view: Alarms{odd}, protobuf: odd,
			simple: "memberID:1\nalarm:7\n\n",
			fields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n" +
				"\"MemberID\" : 1\n\"AlarmType\" : NONE\n\n\"MemberID\" : 0\n\"AlarmType\" : 7\n\n\"MemberID\" : 0\n\"AlarmType\" : NONE\n\n",
			json: `{"alarms":[{"memberID":1},{"alarm":7},{}]}` + "\n",
			table: `+-----------+-------+
| MEMBER ID | ALARM |
+-----------+-------+
|         1 |  NONE |
|         0 |     7 |
|         0 |  NONE |
+-----------+-------+
`,
		},
	} {
		t.Run(s.name, s.test)
	}
}
