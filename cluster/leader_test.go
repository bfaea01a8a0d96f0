package cluster

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// If two members believe that they lead, the one of the later term does.
func TestLeader(t *testing.T) {
	t.Parallel()
	says := func(id, leader, term uint64) StatusAnswer {
		return StatusAnswer{Value: &pb.StatusResponse{Header: &pb.ResponseHeader{MemberId: id}, Leader: leader, RaftTerm: term}}
	}
	failed := StatusAnswer{Outcome: Outcome{Err: rpctypes.ErrTimeout}}
	tests := []struct {
		name    string
		answers []StatusAnswer
		want    int
	}{
		{"nobody", nil, -1},
		{"no answer", []StatusAnswer{failed}, -1},
		{"followers", []StatusAnswer{says(2, 1, 3), says(3, 1, 3)}, -1},
		{"no leader, and ids of zero", []StatusAnswer{says(0, 0, 3)}, -1},
		{"the leader", []StatusAnswer{failed, says(2, 1, 3), says(1, 1, 3)}, 2},
		{"one that is cut off", []StatusAnswer{says(2, 2, 3), says(1, 1, 4), says(3, 1, 4)}, 1},
		{"the other way round", []StatusAnswer{says(1, 1, 4), says(2, 2, 3)}, 0},
	}
	for _, tt := range tests {
		if got := Leader(tt.answers); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}
