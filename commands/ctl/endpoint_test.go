package ctl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

// member is a healthy server with an id, which answers everything that the
// endpoint commands ask.
func member(id uint64) *fakeMember {
	header := &pb.ResponseHeader{MemberId: id}
	return &fakeMember{
		authenticate: func(*pb.AuthenticateRequest) (*pb.AuthenticateResponse, error) {
			return &pb.AuthenticateResponse{Header: header, Token: "t"}, nil
		},
		get:   func(*pb.RangeRequest) (*pb.RangeResponse, error) { return &pb.RangeResponse{Header: header}, nil },
		alarm: func(*pb.AlarmRequest) (*pb.AlarmResponse, error) { return &pb.AlarmResponse{Header: header}, nil },
		status: func(*pb.StatusRequest) (*pb.StatusResponse, error) {
			return &pb.StatusResponse{Header: header, Version: "3.7.3", Leader: 1, DbSize: 1000, DbSizeInUse: 750}, nil
		},
		hashKV: func(r *pb.HashKVRequest) (*pb.HashKVResponse, error) {
			return &pb.HashKVResponse{Header: header, Hash: uint32(id), HashRevision: r.GetRevision()}, nil
		},
	}
}

// listing makes each of the servers list members with the client URLs given;
// a member without any has not been started.
func listing(servers []*fakeMember, clientURLs ...[]string) {
	list := &pb.MemberListResponse{}
	for i, urls := range clientURLs {
		list.Members = append(list.Members, &pb.Member{ID: uint64(i + 1), ClientURLs: urls})
	}
	for _, s := range servers {
		s.memberList = func(*pb.MemberListRequest) (*pb.MemberListResponse, error) { return list, nil }
	}
}

func statusLine(endpoint string, id uint64) string {
	return fmt.Sprintf("%s, %x, 3.7.3, , 1.0 kB, 750 B, 25%%, 0 B, %t, false, 0, 0, 0, , , false\n", endpoint, id, id == 1)
}

// statusJSON is the first member's status in JSON.
func statusJSON(endpoint string) string {
	return `[{"Endpoint":"` + endpoint + `","Status":{"header":{"member_id":1},"version":"3.7.3","dbSize":1000,"leader":1,"dbSizeInUse":750}}]` + "\n"
}

func refused(endpoint string) string {
	return endpoint + ": connection refused"
}

// meeting is a point that calls leave when n of them have arrived.
type meeting struct{ sync.WaitGroup }

func meetingOf(n int) *meeting {
	m := &meeting{}
	m.Add(n)
	return m
}

func (m *meeting) meet() {
	m.Done()
	m.Wait()
}

// All endpoints are asked at the same time: the last answers first, and none
// before all have been asked. The output has the order of the endpoints.
func TestEndpointsSideBySide(t *testing.T) {
	t.Parallel()
	var endpoints, want []string
	here := meetingOf(4)
	later := make(chan struct{}) // closed when the last has answered
	for id := range uint64(4) {
		f := member(id + 1)
		answer := f.status
		f.status = func(r *pb.StatusRequest) (*pb.StatusResponse, error) {
			here.meet()
			if id == 3 {
				close(later)
			}
			<-later
			return answer(r)
		}
		f.start(t)
		endpoints = append(endpoints, f.endpoint)
		want = append(want, statusLine(f.endpoint, id+1))
	}
	r := etcdctl(t, "--endpoints", strings.Join(endpoints, ","), "endpoint", "status")
	r.want(t, cli.OK, strings.Join(want, ""), "")
}

func TestEndpointStatusErrors(t *testing.T) {
	t.Parallel()
	a, b, dead := member(1).start(t), member(2).start(t), refusing(t)
	denied := (&fakeMember{
		status: func(*pb.StatusRequest) (*pb.StatusResponse, error) { return nil, rpctypes.ErrGRPCPermissionDenied },
		authenticate: func(*pb.AuthenticateRequest) (*pb.AuthenticateResponse, error) {
			return nil, rpctypes.ErrGRPCAuthFailed
		},
	}).start(t)
	const authFailed = "etcdserver: authentication failed, invalid user ID or password"
	failed := func(endpoint, why string) string {
		return fmt.Sprintf("Failed to get the status of endpoint %s (%s)\n", endpoint, why)
	}
	tests := []struct {
		name           string
		endpoints      []string
		args           []string
		code           cli.Code
		stdout, stderr string
	}{
		{"some dead", []string{dead, a.endpoint, denied.endpoint, b.endpoint}, nil, cli.Failure,
			statusLine(a.endpoint, 1) + statusLine(b.endpoint, 2),
			failed(dead, refused(dead)) + failed(denied.endpoint, "etcdserver: permission denied")},
		{"all dead", []string{dead}, nil, cli.Failure, "", failed(dead, refused(dead))},
		{"all dead in json", []string{dead}, []string{"-w", "json"}, cli.Failure, "null\n", failed(dead, refused(dead))},
		{"dead ones are not in the json", []string{dead, a.endpoint}, []string{"-w", "json"}, cli.Failure,
			statusJSON(a.endpoint),
			failed(dead, refused(dead))},
		{"no endpoint", []string{}, []string{"-w", "json"}, cli.OK, "null\n", ""},
		{"nobody can log in", []string{denied.endpoint}, []string{"--user", "u:p"}, cli.BadConnection, "", "Error: " + authFailed + "\n"},
		{"one can't log in", []string{a.endpoint, denied.endpoint}, []string{"--user", "u:p"}, cli.BadConnection,
			statusLine(a.endpoint, 1), failed(denied.endpoint, authFailed)},
		{"one dead, with a login", []string{dead, a.endpoint}, []string{"--user", "u:p", "-w", "json"}, cli.BadConnection,
			statusJSON(a.endpoint), failed(dead, refused(dead))},
		{"one dead, with the login of 3.5", []string{dead, a.endpoint}, []string{"--user", "u:p", "-w", "json", "--compat", "3.5"}, cli.Failure,
			statusJSON(a.endpoint), failed(dead, refused(dead))},
		{"all dead, with the login of 3.5", []string{dead}, []string{"--user", "u:p", "--compat", "3.5"}, cli.BadConnection, "",
			"Error: " + refused(dead) + "\n"},
		{"the cluster of a dead one", []string{dead}, []string{"--cluster", "--user", "u:p"}, cli.Failure, "", "Error: " + refused(dead) + "\n"},
		{"the cluster of a dead one, with the login of 3.5", []string{dead}, []string{"--cluster", "--user", "u:p", "--compat", "3.5"},
			cli.BadConnection, "", "Error: " + refused(dead) + "\n"},
		{"a bad format", []string{dead}, []string{"-w", "yam"}, cli.BadFeature, "",
			"Error: unsupported output format: \"yam\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"endpoint", "status", "--endpoints", strings.Join(tt.endpoints, ",")}, tt.args...)
			etcdctl(t, args...).want(t, tt.code, tt.stdout, tt.stderr)
		})
	}
}

func TestEndpointCluster(t *testing.T) {
	t.Parallel()
	a, b, c := member(1).start(t), member(2).start(t), member(3).start(t)
	dead, dead2 := refusing(t), refusing(t)
	urlA, urlB, urlC, urlDead := "http://"+a.endpoint, "http://"+b.endpoint, "http://"+c.endpoint, "http://"+dead
	listing([]*fakeMember{a, b, c},
		[]string{urlA, "http://localhost:1"}, // a second URL is not asked
		[]string{urlDead, urlB},              // unless the first is dead
		nil,                                  // not started yet
		[]string{urlC},
	)
	want := statusLine(urlA, 1) + statusLine(urlB, 2) + statusLine(urlC, 3)
	for name, line := range map[string]commandLine{
		"flag":                         {args: []string{"endpoint", "status", "--cluster", "--endpoints", c.endpoint}},
		"variable":                     {args: []string{"endpoint", "status", "--endpoints", c.endpoint}, env: []string{"ETCDCTL_CLUSTER=true"}},
		"one of the endpoints is dead": {args: []string{"endpoint", "status", "--cluster", "--endpoints", dead2 + "," + c.endpoint}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line.run(t).want(t, cli.OK, want, "")
		})
	}
}

func TestEndpointClusterErrors(t *testing.T) {
	t.Parallel()
	a, dead, dead2 := member(1).start(t), refusing(t), refusing(t)
	urlA, urlDead, urlDead2 := "http://"+a.endpoint, "http://"+dead, "http://"+dead2
	listing([]*fakeMember{a}, []string{urlA}, []string{urlDead, urlDead2})
	etcdctl(t, "endpoint", "status", "--cluster", "--endpoints", a.endpoint).want(t, cli.Failure, statusLine(urlA, 1),
		"Failed to get the status of endpoint "+urlDead+" ("+refused(urlDead)+")\n")

	for _, command := range []string{"status", "health", "hashkv"} {
		etcdctl(t, "endpoint", command, "--cluster", "--endpoints", dead).want(t, cli.Failure, "",
			"Error: failed to fetch endpoints from etcd cluster member list: "+refused(dead)+"\n")
	}

	noLogin := (&fakeMember{authenticate: func(*pb.AuthenticateRequest) (*pb.AuthenticateResponse, error) {
		return nil, rpctypes.ErrGRPCAuthFailed
	}}).start(t)
	etcdctl(t, "endpoint", "status", "--cluster", "--endpoints", noLogin.endpoint, "--user", "u:p").want(t, cli.Failure, "",
		"Error: etcdserver: authentication failed, invalid user ID or password\n")
}

func TestEndpointHashKV(t *testing.T) {
	t.Parallel()
	a, b, dead := member(1).start(t), member(2).start(t), refusing(t)
	future := (&fakeMember{hashKV: func(*pb.HashKVRequest) (*pb.HashKVResponse, error) {
		return nil, rpctypes.ErrGRPCFutureRev
	}}).start(t)
	const futureRev = "etcdserver: mvcc: required revision is a future revision"
	failed := func(endpoint, why string) string {
		return fmt.Sprintf("Failed to get the hash of endpoint %s (%s)\n", endpoint, why)
	}
	etcdctl(t, "--endpoints", a.endpoint+","+b.endpoint, "endpoint", "hashkv", "--rev", "7").want(t, cli.OK,
		a.endpoint+", 1, 7\n"+b.endpoint+", 2, 7\n", "")
	etcdctl(t, "--endpoints", a.endpoint, "endpoint", "hashkv", "-w", "json").want(t, cli.OK,
		`[{"Endpoint":"`+a.endpoint+`","HashKV":{"header":{"member_id":1},"hash":1}}]`+"\n", "")
	etcdctl(t, "--endpoints", dead+","+b.endpoint+","+future.endpoint, "endpoint", "hashkv").want(t, cli.Failure,
		b.endpoint+", 2, 0\n", failed(dead, refused(dead))+failed(future.endpoint, futureRev)+"Error: "+futureRev+"\n")
	etcdctl(t, "--endpoints", dead, "endpoint", "hashkv", "-w", "json").want(t, cli.Failure,
		"null\n", failed(dead, refused(dead))+"Error: "+refused(dead)+"\n")
	etcdctl(t, "--endpoints", a.endpoint, "endpoint", "hashkv", "--rev", "x").want(t, cli.Failure, "",
		"Error: invalid argument \"x\" for \"--rev\" flag: use a whole number such as 10\n"+
			"Run 'etcdctl endpoint hashkv --help' for usage.\n")
}

func TestEndpointHealth(t *testing.T) {
	t.Parallel()
	getError := func(err error) *fakeMember {
		f := member(9)
		f.get = func(*pb.RangeRequest) (*pb.RangeResponse, error) { return nil, err }
		return f
	}
	alarmed := func(alarms ...*pb.AlarmMember) *fakeMember {
		f := member(9)
		f.alarm = func(*pb.AlarmRequest) (*pb.AlarmResponse, error) { return &pb.AlarmResponse{Alarms: alarms}, nil }
		return f
	}
	silentAlarms := member(9)
	silentAlarms.alarm = func(*pb.AlarmRequest) (*pb.AlarmResponse, error) { return nil, rpctypes.ErrGRPCPermissionDenied }
	noLogin := member(9)
	noLogin.authenticate = func(*pb.AuthenticateRequest) (*pb.AuthenticateResponse, error) {
		return nil, rpctypes.ErrGRPCAuthFailed
	}
	tests := []struct {
		name    string
		server  *fakeMember
		args    []string
		took    string
		problem string // in stdout's words
		detail  string // the addition on standard error
		whole   string // the text on standard error in place of both
	}{
		{name: "healthy", server: member(9), took: "0s"},
		{name: "permission denied is an answer", server: getError(rpctypes.ErrGRPCPermissionDenied), took: "0s"},
		{name: "no leader", server: getError(rpctypes.ErrGRPCNoLeader), took: "0s",
			problem: "context deadline exceeded", // retried until then
			whole:   "ENDPOINT has no leader: too few members are up, or they don't reach each other: context deadline exceeded"},
		{name: "authentication", server: getError(rpctypes.ErrGRPCUserEmpty), took: "0s", problem: "etcdserver: user name is empty",
			detail: ": authentication is enabled, so --user is needed"},
		{name: "an alarm", server: alarmed(&pb.AlarmMember{MemberID: 9, Alarm: pb.AlarmType_NOSPACE}), took: "0s",
			problem: "Active Alarm(s): NOSPACE "},
		{name: "all alarms", server: alarmed(&pb.AlarmMember{Alarm: pb.AlarmType_CORRUPT}, &pb.AlarmMember{Alarm: pb.AlarmType_NOSPACE},
			&pb.AlarmMember{Alarm: 77}), took: "0s", problem: "Active Alarm(s): CORRUPT NOSPACE UNKNOWN "},
		{name: "no alarm list", server: silentAlarms, took: "0s", problem: "Unable to fetch the alarm list", detail: ": etcdserver: permission denied"},
		{name: "no login", server: noLogin, args: []string{"--user", "u:p"},
			problem: "etcdserver: authentication failed, invalid user ID or password"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const endpoint = "a:1"
			args := slices.Concat([]string{"endpoint", "health", "--endpoints", endpoint}, tt.args)
			code, simple, stderr := cli.OK, endpoint+" is healthy: successfully committed proposal: took = 0s\n", ""
			json := `[{"endpoint":"` + endpoint + `","health":true,"took":"0s"}]` + "\n"
			if tt.problem != "" {
				code, simple = cli.Failure, ""
				whole := strings.ReplaceAll(cmp.Or(tt.whole, tt.problem+tt.detail), "ENDPOINT", endpoint)
				stderr = endpoint + " is unhealthy: failed to commit proposal: " + whole + "\nError: unhealthy cluster\n"
				json = fmt.Sprintf(`[{"endpoint":"%s","health":false,"took":"%s","error":"%s"}]`+"\n", endpoint, tt.took, tt.problem)
			}
			synctest.Test(t, func(t *testing.T) {
				var loopback conntest.Network
				tt.server.at(t, &loopback, endpoint)
				commandLine{net: &loopback, args: args}.run(t).want(t, code, simple, stderr)
				commandLine{net: &loopback, args: append(args, "-w", "json")}.run(t).want(t, code, json, stderr)
			})
		})
	}
}

func TestEndpointHealthOfSeveral(t *testing.T) {
	t.Parallel()
	a, b, dead := member(1).start(t), member(2).start(t), refusing(t)
	endpoints := strings.Join([]string{a.endpoint, dead, b.endpoint}, ",")
	unhealthy := dead + " is unhealthy: failed to commit proposal: " + refused(dead) + "\nError: unhealthy cluster\n"
	healthy := " is healthy: successfully committed proposal: took = 0s\n"
	etcdctl(t, "--endpoints", endpoints, "endpoint", "health").want(t, cli.Failure, a.endpoint+healthy+b.endpoint+healthy, unhealthy)
	etcdctl(t, "--endpoints", endpoints, "endpoint", "health", "-w", "json").want(t, cli.Failure,
		`[{"endpoint":"`+a.endpoint+`","health":true,"took":"0s"},`+
			`{"endpoint":"`+dead+`","health":false,"took":"0s","error":"context deadline exceeded"},`+
			`{"endpoint":"`+b.endpoint+`","health":true,"took":"0s"}]`+"\n", unhealthy)
	etcdctl(t, "--endpoints", "", "endpoint", "health", "-w", "json").want(t, cli.OK, "null\n", "")
}

// An endpoint that accepts the connection but does not answer has the whole of
// --command-timeout, and delays the others no longer than that.
func TestEndpointSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var loopback conntest.Network
		a, mute, begun := member(1).at(t, &loopback, "a:1"), loopback.Mute(t, "b:1"), time.Now()
		commandLine{net: &loopback, args: []string{"--endpoints", mute + "," + a.endpoint, "endpoint", "status"}}.run(t).want(t, cli.Failure,
			statusLine(a.endpoint, 1),
			"Failed to get the status of endpoint "+mute+" ("+mute+": connected, but no answer: context deadline exceeded)\n")
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// A list of more members than a cluster can have was believed: every one of
// them was asked.
func TestEndpointListTooLong(t *testing.T) {
	t.Parallel()
	f := member(1)
	listing([]*fakeMember{f}, slices.Repeat([][]string{{"http://127.0.0.1:1"}}, 100_000)...)
	f.start(t)
	for _, command := range [][]string{{"endpoint", "status"}, {"endpoint", "health"}, {"endpoint", "hashkv"}, {"defrag"}} {
		etcdctl(t, append(command, "--cluster", "--endpoints", f.endpoint)...).want(t, cli.Failure, "",
			"Error: failed to fetch endpoints from etcd cluster member list: the server lists 100000 members, "+
				"more than the 1000 that are believed: check that the endpoint is an etcd server\n")
	}
}
