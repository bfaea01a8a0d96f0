package ctl

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

func TestAdditionWarning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		cluster.Voters
		want string // between the words that are always there
	}{
		{cluster.Voters{All: 1, Up: 1}, "2 of 2 voting members must be up for anything to be written, and 1 is"},
		{cluster.Voters{All: 2, Up: 2}, ""},
		{cluster.Voters{All: 2, Up: 1}, "2 of 3 voting members must be up for anything to be written, and 1 is"},
		{cluster.Voters{All: 3, Up: 3}, ""},
		{cluster.Voters{All: 3, Up: 2}, "3 of 4 voting members must be up for anything to be written, and 2 are"},
		{cluster.Voters{All: 5, Up: 4}, ""},
		{cluster.Voters{All: 5, Up: 3}, "4 of 6 voting members must be up for anything to be written, and 3 are"},
		{cluster.Voters{All: 3, Up: 0}, "3 of 4 voting members must be up for anything to be written, and 0 are"},
	}
	for _, tt := range tests {
		want := tt.want
		if want != "" {
			want = "Warning: with the new member " + want + ", until it has joined (--learner adds it without a vote)"
		}
		if got := additionWarning(tt.Voters); got != want {
			t.Errorf("%+v: got %q, want %q", tt.Voters, got, want)
		}
	}
}

func TestRemovalWarning(t *testing.T) {
	t.Parallel()
	const must = " voting members must be up for anything to be written, and "
	tests := []struct {
		left cluster.Voters
		want string
	}{
		{cluster.Voters{All: 0, Up: 0}, "Warning: m1 is the last voting member"},
		{cluster.Voters{All: 1, Up: 1}, ""},
		{cluster.Voters{All: 1, Up: 0}, "Warning: without m1, 1 of 1" + must + "0 are"},
		{cluster.Voters{All: 2, Up: 2}, ""},
		{cluster.Voters{All: 2, Up: 1}, "Warning: without m1, 2 of 2" + must + "1 is"},
		{cluster.Voters{All: 4, Up: 3}, ""},
		{cluster.Voters{All: 4, Up: 2}, "Warning: without m1, 3 of 4" + must + "2 are"},
	}
	for _, tt := range tests {
		if got := removalWarning(&pb.Member{ID: 1, Name: "m1"}, tt.left); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.left, got, tt.want)
		}
	}
	if got, want := removalWarning(&pb.Member{ID: 0xab}, cluster.Voters{}), "Warning: ab is the last voting member"; got != want {
		t.Errorf("without a name: got %q, want %q", got, want)
	}
}

// quorum is a cluster of three of which m1 answers, with a learner besides.
// What is given changes m2 and m3.
type quorum struct {
	*fakeMember
	list *pb.MemberListResponse
}

func quorumOf(t *testing.T, second, third string) quorum {
	t.Helper()
	f := memberServer()
	f.status = func(*pb.StatusRequest) (*pb.StatusResponse, error) {
		return &pb.StatusResponse{Header: &pb.ResponseHeader{MemberId: 1}}, nil
	}
	f.start(t)
	q := quorum{f, &pb.MemberListResponse{
		Header: &pb.ResponseHeader{ClusterId: 0xc1, MemberId: 1},
		Members: []*pb.Member{
			{ID: 1, Name: "m1", ClientURLs: []string{"http://" + f.endpoint}},
			{ID: 2, Name: "m2", ClientURLs: []string{second}},
			{ID: 3, Name: "m3", ClientURLs: []string{third}},
			{ID: 4, Name: "watcher", ClientURLs: []string{"http://" + f.endpoint}, IsLearner: true},
		},
	}}
	f.memberList = func(*pb.MemberListRequest) (*pb.MemberListResponse, error) { return q.list, nil }
	return q
}

func removed(id string) string {
	return "Member " + strings.Repeat(" ", 16-len(id)) + id + " removed from cluster               c1\n"
}

func TestMemberWarnings(t *testing.T) {
	t.Parallel()
	up := (&fakeMember{status: func(*pb.StatusRequest) (*pb.StatusResponse, error) {
		return nil, rpctypes.ErrGRPCPermissionDenied // which is an answer
	}}).start(t)
	urlUp, urlDead := "http://"+up.endpoint, "http://"+refusing(t)
	add := []string{"member", "add", "m4", "--peer-urls", "http://a:1"}
	const must = " voting members must be up for anything to be written, and "
	const untilJoined = ", until it has joined (--learner adds it without a vote)\n"
	tests := []struct {
		name          string
		second, third string
		change        func(quorum)
		args          []string
		stdout        string
		stderr        string
	}{
		{"add with all up", urlUp, urlUp, nil, add, "", ""},
		{"add with one down", urlUp, urlDead, nil, add, "", "Warning: with the new member 3 of 4" + must + "2 are" + untilJoined},
		{"add a learner with two down", urlDead, urlDead, nil, append(add, "--learner"), "", ""},
		{"remove one that is up", urlUp, urlUp, nil, []string{"member", "remove", "2"}, removed("2"), ""},
		{"remove one that is down, by name", urlUp, urlDead, nil, []string{"member", "remove", "m3"}, removed("3"), ""},
		{"remove one that is needed, by name", urlUp, urlDead, nil, []string{"member", "remove", "m2"}, removed("2"), "Warning: without m2, 2 of 2" + must + "1 is\n"},
		{"remove the learner", urlDead, urlDead, nil, []string{"member", "remove", "watcher"}, removed("4"), ""},
		{"addresses that can't be reached from here say nothing", urlDead, urlDead,
			func(q quorum) { q.list.Members[0].ClientURLs = []string{urlDead} }, []string{"member", "remove", "m2"}, removed("2"), ""},
		{"but one that was never started is not up", urlDead, urlDead,
			func(q quorum) { q.list.Members[0].ClientURLs, q.list.Members[2].Name = []string{urlDead}, "" },
			[]string{"member", "remove", "m2"}, removed("2"), "Warning: without m2, 2 of 2" + must + "1 is\n"},
		{"no list, no warning", urlDead, urlDead, func(q quorum) {
			q.memberList = func(*pb.MemberListRequest) (*pb.MemberListResponse, error) {
				return nil, rpctypes.ErrGRPCPermissionDenied
			}
		}, []string{"member", "remove", "2"}, removed("2"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := quorumOf(t, tt.second, tt.third)
			if tt.change != nil {
				tt.change(q)
			}
			r := etcdctl(t, append(tt.args, "--endpoints", q.endpoint)...)
			if tt.stdout == "" { // the output of an add is not tested here
				tt.stdout = r.stdout
			}
			r.want(t, cli.OK, tt.stdout, tt.stderr)
		})
	}
}

func TestMemberRemoveByName(t *testing.T) {
	t.Parallel()
	q := quorumOf(t, "http://a:1", "http://b:1")
	q.list.Members = append(q.list.Members, &pb.Member{ID: 0x5, Name: "twin"}, &pb.Member{ID: 0x6, Name: "twin"}, &pb.Member{ID: 0x7, Name: "2"}, &pb.Member{ID: 0x8, Name: "beef"})
	const notHex = `Error: bad member ID arg "zz", expecting ID in Hex or a name, as member list shows them`
	tests := []struct {
		arg    string
		code   cli.Code
		stdout string
		stderr string // without the warnings
	}{
		{"twin", cli.BadArgs, "", "Error: 2 members are called twin, so their ID is needed: 5, 6\n"},
		{"zz", cli.BadArgs, "", notHex + ": no member is called zz\n"},
		{"2", cli.OK, removed("2"), ""},
		{"beef", cli.OK, removed("8"), ""},
		{"99", cli.OK, removed("99"), ""},
	}
	for _, tt := range tests {
		r := etcdctl(t, "member", "remove", tt.arg, "--endpoints", q.endpoint)
		if strings.HasPrefix(r.stderr, "Warning: without") {
			r.stderr = ""
		}
		r.want(t, tt.code, tt.stdout, tt.stderr)
	}
}

func TestMemberRemoveUnreachable(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"m1", "1"} {
		synctest.Test(t, func(t *testing.T) {
			r := commandLine{net: new(conntest.Network), args: []string{"member", "remove", who, "--endpoints", "a:1"}}.run(t)
			r.want(t, cli.Failure, "", "Error: "+refused("a:1")+": context deadline exceeded\n")
		})
	}
}

// A server that does not answer is waited for once.
func TestMemberAddWaitsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var loopback conntest.Network
		var added atomic.Bool
		ended := make(chan struct{})
		(&fakeMember{
			memberList: func(*pb.MemberListRequest) (*pb.MemberListResponse, error) {
				<-ended
				return &pb.MemberListResponse{}, nil
			},
			memberAdd: func(*pb.MemberAddRequest) (*pb.MemberAddResponse, error) {
				added.Store(true)
				return &pb.MemberAddResponse{}, nil
			},
		}).at(t, &loopback, "a:1")
		t.Cleanup(func() { close(ended) })
		begun := time.Now()
		r := commandLine{net: &loopback, args: []string{"member", "add", "m4", "--peer-urls", "http://a:1", "--endpoints", "a:1"}}.run(t)
		took := time.Since(begun)
		if r.code != cli.Failure || added.Load() || took != 5*time.Second || !strings.Contains(r.stderr, "context deadline exceeded") {
			t.Errorf("exit code %d after %v, added %v: %s", r.code, took, added.Load(), r.stderr)
		}
	})
}
