package ctl

import (
	"fmt"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/cli"
)

// moving makes member 1 lead, and grant the lead to every other member there
// is.
func moving(t *testing.T, names ...string) []*fakeMember {
	t.Helper()
	list := &pb.MemberListResponse{}
	var members []*fakeMember
	for i, name := range names {
		id := uint64(i + 1)
		f := member(id)
		f.memberList = func(*pb.MemberListRequest) (*pb.MemberListResponse, error) { return list, nil }
		f.moveLeader = func(r *pb.MoveLeaderRequest) (*pb.MoveLeaderResponse, error) {
			if id != 1 {
				return nil, rpctypes.ErrGRPCNotLeader
			}
			if r.GetTargetID() == 0 || r.GetTargetID() > uint64(len(names)) {
				return nil, rpctypes.ErrGRPCBadLeaderTransferee
			}
			return &pb.MoveLeaderResponse{}, nil
		}
		members = append(members, f.start(t))
		list.Members = append(list.Members, &pb.Member{ID: id, Name: name, ClientURLs: []string{"http://" + f.endpoint}})
	}
	return members
}

func TestMoveLeader(t *testing.T) {
	t.Parallel()
	m := moving(t, "m1", "m2", "3", "twin", "twin")
	dead := refusing(t)
	all := []string{m[0].endpoint, m[1].endpoint}
	const notHex = `Error: bad member ID arg "zz", expecting ID in Hex or a name, as member list shows them`
	tests := []struct {
		name           string
		endpoints      []string
		args           []string
		code           cli.Code
		stdout, stderr string
	}{
		{"by id", all, []string{"2"}, cli.OK, "Leadership transferred from 1 to 2\n", ""},
		{"by name", all, []string{"m2"}, cli.OK, "Leadership transferred from 1 to 2\n", ""},
		{"an id that is another's name", all, []string{"3"}, cli.OK, "Leadership transferred from 1 to 3\n", ""},
		{"to the leader", all, []string{"m1"}, cli.OK, "1 is the leader already\n", ""},
		{"as json", all, []string{"2", "-w", "json"}, cli.OK, "{}\n", ""},
		{"nobody's id", all, []string{"77"}, cli.Failure, "", "Error: etcdserver: bad leader transferee\n"},
		{"nobody's name", all, []string{"zz"}, cli.BadArgs, "", notHex + ": no member is called zz\n"},
		{"two of that name", all, []string{"twin"}, cli.BadArgs, "", "Error: 2 members are called twin, so their ID is needed: 4, 5\n"},
		{"after a dead endpoint", []string{dead, m[0].endpoint}, []string{"2"}, cli.OK, "Leadership transferred from 1 to 2\n", ""},
		{"through a follower", []string{dead, m[1].endpoint}, []string{"2"}, cli.OK, "Leadership transferred from 1 to 2\n", ""},
		{"dead endpoints", []string{dead}, []string{"2"}, cli.Failure, "", "Error: " + refused(dead) + "\n"},
		{"no endpoints", nil, []string{"2"}, cli.BadArgs, "", "Error: no leader endpoint given at []\n"},
		{"no argument", all, []string{"-w", "yam"}, cli.BadArgs, "", "Error: move-leader command needs 1 argument\n"},
		{"too many", all, []string{"1", "2"}, cli.BadArgs, "", "Error: move-leader command needs 1 argument\n"},
		{"a bad format", all, []string{"2", "-w", "yam"}, cli.BadFeature, "", badFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"move-leader", "--endpoints", strings.Join(tt.endpoints, ",")}, tt.args...)
			etcdctl(t, args...).want(t, tt.code, tt.stdout, tt.stderr)
		})
	}
}

// If the leader can't be found, the error says why, after upstream's text.
func TestMoveLeaderLost(t *testing.T) {
	t.Parallel()
	dead := refusing(t)
	urlDead := "http://" + dead
	follower := func() *fakeMember { return member(2) }
	tests := []struct {
		name   string
		change func(*fakeMember)
		stderr string // after upstream's words
	}{
		{"no leader", func(f *fakeMember) {
			f.status = func(*pb.StatusRequest) (*pb.StatusResponse, error) {
				return &pb.StatusResponse{Header: &pb.ResponseHeader{MemberId: 2}}, nil
			}
		}, "the cluster has no leader now"},
		{"a dead leader", func(f *fakeMember) { listing([]*fakeMember{f}, []string{urlDead}) }, "1 leads: " + refused(urlDead)},
		{"a leader without a URL", func(f *fakeMember) { listing([]*fakeMember{f}, nil) }, "the leader, 1, has no client URL"},
		{"an unknown leader", func(f *fakeMember) { listing([]*fakeMember{f}) }, "the leader, 1, has no client URL"},
		{"no members", func(f *fakeMember) {
			f.memberList = func(*pb.MemberListRequest) (*pb.MemberListResponse, error) {
				return nil, rpctypes.ErrGRPCPermissionDenied
			}
		}, "etcdserver: permission denied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := follower()
			tt.change(f)
			f.start(t)
			etcdctl(t, "move-leader", "2", "--endpoints", f.endpoint).want(t, cli.BadArgs, "",
				fmt.Sprintf("Error: no leader endpoint given at [%s]: %s\n", f.endpoint, tt.stderr))
		})
	}
}
