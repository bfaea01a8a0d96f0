package view

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func TestDowngrade(t *testing.T) {
	t.Parallel()
	r := &pb.DowngradeResponse{Header: answered(9), Version: "3.7"}
	for _, s := range []shown{
		{
			name: "enable", view: Downgrade{"enable", r},
			simple:    "Downgrade enable success, cluster version 3.7\n",
			fields:    answeredFields + "\"Version\" : \"3.7\"\n",
			hexFields: answeredHexFields + "\"Version\" : \"3.7\"\n",
			table: "+--------+-----------------+\n" +
				"| ACTION | CLUSTER VERSION |\n" +
				"+--------+-----------------+\n" +
				"| enable |             3.7 |\n" +
				"+--------+-----------------+\n",
			json:     "{" + answeredJSON + `,"version":"3.7"}` + "\n",
			protobuf: r,
		},
		{
			name: "nothing known", view: Downgrade{"cancel", &pb.DowngradeResponse{}},
			simple: "Downgrade cancel success, cluster version \n",
			fields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n\"Version\" : \"\"\n",
			table: "+--------+-----------------+\n" +
				"| ACTION | CLUSTER VERSION |\n" +
				"+--------+-----------------+\n" +
				"| cancel |                 |\n" +
				"+--------+-----------------+\n",
			json:     "{}\n",
			protobuf: &pb.DowngradeResponse{},
		},
	} {
		t.Run(s.name, s.test)
	}
	if got, want := printed(t, "json", false, Downgrade{"validate", r}), encoded(t, r); got != want {
		t.Errorf("json: got %s, want %s", got, want)
	}
}
