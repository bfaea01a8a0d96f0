package ctl

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

func TestDefragOrder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		n, last int
		want    []int
	}{
		{3, -1, []int{0, 1, 2}},
		{3, 0, []int{1, 2, 0}},
		{3, 1, []int{0, 2, 1}},
		{3, 2, []int{0, 1, 2}},
		{1, 0, []int{0}},
		{0, -1, nil},
	}
	for _, tt := range tests {
		if got := defragOrder(tt.n, tt.last); !slices.Equal(got, tt.want) {
			t.Errorf("%d with %d last: got %v, want %v", tt.n, tt.last, got, tt.want)
		}
	}
}

// defragLog records the members that are defragmented, and checks that they are
// defragmented one at a time.
type defragLog struct {
	t    *testing.T
	busy sync.Mutex
	mu   sync.Mutex
	ids  []uint64
}

// of makes a member with an id note that it is defragmented.
func (l *defragLog) of(id uint64) *fakeMember {
	f := member(id)
	f.defragment = func(*pb.DefragmentRequest) (*pb.DefragmentResponse, error) {
		if !l.busy.TryLock() {
			l.t.Errorf("member %d is defragmented while another is", id)
			return &pb.DefragmentResponse{}, nil
		}
		defer l.busy.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ids = append(l.ids, id)
		return &pb.DefragmentResponse{}, nil
	}
	return f.start(l.t)
}

func (l *defragLog) want(ids ...uint64) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.ids, ids) {
		l.t.Errorf("defragmented: %v, want %v", l.ids, ids)
	}
	l.ids = nil
}

func defragged(endpoint string) string {
	return "Finished defragmenting etcd member[" + endpoint + "]. took 0s\n"
}

// defragged35 is defragged as etcdctl 3.5 says it.
func defragged35(endpoint string) string {
	return "Finished defragmenting etcd member[" + endpoint + "]\n"
}

func notDefragged(endpoint, why string) string {
	return "Failed to defragment etcd member[" + endpoint + "]. took 0s. (" + why + ")\n"
}

// Each member is defragmented once, the leader last, and the lines have the
// order of the members.
func TestDefragCluster(t *testing.T) {
	t.Parallel()
	log := &defragLog{t: t}
	leader, b, c := log.of(1), log.of(2), log.of(3)
	dead := refusing(t)
	urlA, urlB, urlC, urlDead := "http://"+leader.endpoint, "http://"+b.endpoint, "http://"+c.endpoint, "http://"+dead
	listing([]*fakeMember{leader, b, c}, []string{urlA}, []string{urlDead, urlB}, nil, []string{urlC, urlC})
	etcdctl(t, "defrag", "--cluster", "--endpoints", c.endpoint).want(t, cli.OK, defragged(urlA)+defragged(urlB)+defragged(urlC), "")
	log.want(2, 3, 1)

	listing([]*fakeMember{leader, b, c}, []string{urlB}, []string{urlA}, []string{urlDead}, []string{urlC})
	etcdctl(t, "defrag", "--cluster", "--endpoints", c.endpoint).want(t, cli.Failure,
		defragged(urlB)+defragged(urlA)+defragged(urlC), notDefragged(urlDead, refused(urlDead)))
	log.want(2, 3, 1)
}

func TestDefragEndpoints(t *testing.T) {
	t.Parallel()
	log := &defragLog{t: t}
	leader, b, dead, dead2 := log.of(1), log.of(2), refusing(t), refusing(t)
	denied := (&fakeMember{
		defragment: func(*pb.DefragmentRequest) (*pb.DefragmentResponse, error) {
			return nil, rpctypes.ErrGRPCPermissionDenied
		},
		authenticate: func(*pb.AuthenticateRequest) (*pb.AuthenticateResponse, error) {
			return nil, rpctypes.ErrGRPCAuthFailed
		},
	}).start(t)
	tests := []struct {
		name           string
		endpoints      []string
		args           []string
		code           cli.Code
		stdout, stderr string
		ids            []uint64
	}{
		{"in the order given", []string{leader.endpoint, b.endpoint}, nil, cli.OK,
			defragged(leader.endpoint) + defragged(b.endpoint), "", []uint64{1, 2}},
		{"twice, as asked", []string{b.endpoint, b.endpoint}, []string{"-w", "json"}, cli.OK,
			strings.Repeat(defragged(b.endpoint), 2), "", []uint64{2, 2}},
		{"some dead", []string{dead, b.endpoint, dead2, leader.endpoint, denied.endpoint}, nil, cli.Failure,
			defragged(b.endpoint) + defragged(leader.endpoint),
			notDefragged(dead, refused(dead)) + notDefragged(dead2, refused(dead2)) + notDefragged(denied.endpoint, "etcdserver: permission denied"),
			[]uint64{2, 1}},
		{"one dead, with a login", []string{dead, b.endpoint}, []string{"--user", "u:p"}, cli.BadConnection,
			defragged(b.endpoint), notDefragged(dead, refused(dead)), []uint64{2}},
		{"one dead, with the login of 3.5", []string{dead, b.endpoint}, []string{"--user", "u:p", "--compat", "3.5"}, cli.Failure,
			defragged35(b.endpoint), notDefragged(dead, refused(dead)), []uint64{2}},
		{"all dead, with the login of 3.5", []string{dead}, []string{"--user", "u:p", "--compat", "3.5"}, cli.BadConnection,
			"", notDefragged(dead, refused(dead)), nil},
		{"a login that is refused ends it", []string{b.endpoint, denied.endpoint, leader.endpoint}, []string{"--user", "u:p"}, cli.BadConnection,
			defragged(b.endpoint), "Error: etcdserver: authentication failed, invalid user ID or password\n", []uint64{2}},
		{"a bad format", []string{b.endpoint}, []string{"-w", "yam"}, cli.BadFeature, "", badFormat, nil},
		{"nobody", nil, nil, cli.OK, "", "", nil},
	}
	for _, tt := range tests {
		args := append([]string{"defrag", "--endpoints", strings.Join(tt.endpoints, ",")}, tt.args...)
		t.Log(tt.name)
		etcdctl(t, args...).want(t, tt.code, tt.stdout, tt.stderr)
		log.want(tt.ids...)
	}
}

// An interrupt ends the command after it has printed the completed results.
func TestDefragInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	log := &defragLog{t: t}
	leader, b, last := log.of(1), log.of(2), log.of(4)
	c := member(3)
	c.defragment = func(*pb.DefragmentRequest) (*pb.DefragmentResponse, error) {
		interrupt()
		return nil, rpctypes.ErrGRPCTimeout
	}
	c.start(t)
	var urls [][]string
	for _, f := range []*fakeMember{leader, b, c, last} {
		urls = append(urls, []string{"http://" + f.endpoint})
	}
	listing([]*fakeMember{leader}, urls...)
	r := commandLine{ctx: ctx, args: []string{"defrag", "--cluster", "--endpoints", leader.endpoint}}.run(t)
	r.want(t, cli.Failure, defragged(urls[1][0]), "Error: context canceled\n")
	log.want(2)
}

func TestDefragErrors(t *testing.T) {
	t.Parallel()
	dead := refusing(t)
	etcdctl(t, "defrag", "--cluster", "--endpoints", dead).want(t, cli.Failure, "",
		"Error: failed to fetch endpoints from etcd cluster member list: "+refused(dead)+"\n")
	etcdctl(t, "defrag", "--cluster=maybe").want(t, cli.Failure, "",
		"Error: invalid argument \"maybe\" for \"--cluster\" flag: use true or false\nRun 'etcdctl defrag --help' for usage.\n")
}

// A member whose time runs out continues: upstream's words alone sounded like a
// failure of the member.
func TestDefragTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var loopback conntest.Network
		ended := make(chan struct{})
		f := member(1)
		f.defragment = func(*pb.DefragmentRequest) (*pb.DefragmentResponse, error) {
			<-ended
			return &pb.DefragmentResponse{}, nil
		}
		f.at(t, &loopback, "a:1")
		t.Cleanup(func() { close(ended) })
		commandLine{net: &loopback, args: []string{"defrag", "--endpoints", "a:1", "--command-timeout", "2s"}}.run(t).want(t, cli.Failure, "",
			notDefragged("a:1", "context deadline exceeded: the member continues to defragment; a longer --command-timeout waits longer"))
	})
}
