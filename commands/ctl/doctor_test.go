package ctl

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

// A member that accepts connections and says nothing delays doctor by less than
// five seconds and status by less than one, unless a timeout is given.
func TestDoctorSilentMember(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args  []string
		code  cli.Code
		limit time.Duration
		least time.Duration
		has   string
	}{
		{[]string{"doctor"}, cli.FoundErrors, 5 * time.Second, time.Second, "error: member-down: "},
		{[]string{"status"}, cli.OK, time.Second, 500 * time.Millisecond, "connected, but no answer"},
		{[]string{"status", "--command-timeout", "7s"}, cli.OK, 8 * time.Second, 7 * time.Second, "connected, but no answer"},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var loopback conntest.Network
				a, mute := member(1).at(t, &loopback, "a:1"), loopback.Mute(t, "b:1")
				listing([]*fakeMember{a}, []string{"http://a:1"}, []string{"http://" + mute})
				begun := time.Now()
				r := commandLine{net: &loopback, args: append([]string{"--endpoints", "a:1"}, tt.args...)}.run(t)
				if took := time.Since(begun); took >= tt.limit || took < tt.least {
					t.Errorf("it took %v", took)
				}
				if r.code != tt.code || !strings.Contains(r.stdout, tt.has) {
					t.Errorf("exit %d:\n%s%s", r.code, r.stdout, r.stderr)
				}
			})
		})
	}
}

// The commands that doctor prints repeat the flags that lead to the cluster,
// without the password; what the environment sets is left out.
func TestTypedFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args, env []string
		want      string
	}{
		{[]string{"--endpoints", "127.0.0.1:1"}, nil, "  $ etcdctl endpoint health --endpoints 127.0.0.1:1\n"},
		{[]string{"--endpoints", "127.0.0.1:1", "--user", "root:secret", "--insecure-skip-tls-verify"}, nil,
			"  $ etcdctl --user root --insecure-skip-tls-verify=true endpoint health --endpoints 127.0.0.1:1\n"},
		{[]string{"--endpoints", "127.0.0.1:1"}, []string{"ETCDCTL_USER=root:secret"}, "  $ etcdctl endpoint health --endpoints 127.0.0.1:1\n"},
	} {
		r := commandLine{args: append(tt.args, "doctor", "--only", "endpoint-down"), env: tt.env}.run(t)
		if r.code != cli.FoundErrors || !strings.Contains(r.stdout, tt.want) {
			t.Errorf("%v: exit %d:\n%s%s", tt.args, r.code, r.stdout, r.stderr)
		}
	}
}

// A server without metrics at its client URL is examined as far as possible, and
// the rest is listed. No quota is assumed, unless --quota gives it.
func TestDoctorClosedMetrics(t *testing.T) {
	t.Parallel()
	a := member(1).start(t)
	answer := a.status
	a.status = func(r *pb.StatusRequest) (*pb.StatusResponse, error) {
		s, err := answer(r)
		s.DbSize, s.DbSizeInUse, s.Version = 1<<30, 1<<30, "3.5.33"
		return s, err
	}
	listing([]*fakeMember{a}, []string{"http://" + a.endpoint})
	const only = "quota,slow-fsync,member-down"
	r := etcdctl(t, "doctor", "--endpoints", a.endpoint, "--only", only)
	if r.code != cli.OK || !strings.Contains(r.stdout, "not checked: the metrics of 1: ") || !strings.Contains(r.stdout, "(slow-fsync)") ||
		!strings.Contains(r.stdout, "not checked: the quota of 1: ") || !strings.Contains(r.stdout, "nothing found: 3 checks of 1 member\n") {
		t.Errorf("exit %d:\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = etcdctl(t, "doctor", "--endpoints", a.endpoint, "--only", only, "--quota", "1GiB")
	if r.code != cli.FoundErrors || !strings.HasPrefix(r.stdout, "error: quota: 1\n  1.1 GB of 1.1 GB (100%), 1.1 GB in use\n") || strings.Contains(r.stdout, "the quota of") {
		t.Errorf("exit %d:\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// What a user may not read is listed, and not guessed.
func TestDoctorWithoutRights(t *testing.T) {
	t.Parallel()
	a := member(1)
	a.status = func(*pb.StatusRequest) (*pb.StatusResponse, error) { return nil, rpctypes.ErrGRPCPermissionDenied }
	a.memberList = func(*pb.MemberListRequest) (*pb.MemberListResponse, error) {
		return &pb.MemberListResponse{Header: &pb.ResponseHeader{MemberId: 1}, Members: []*pb.Member{{ID: 1, Name: "1", ClientURLs: []string{"http://" + a.endpoint}}}}, nil // set by then
	}
	a.start(t)
	r := etcdctl(t, "doctor", "--endpoints", a.endpoint, "--only", "nospace,leases")
	if r.code != cli.OK || !strings.Contains(r.stdout, "not checked: the status of 1: etcdserver: permission denied (nospace)\n") ||
		!strings.Contains(r.stdout, "not checked: the leases: ") {
		t.Errorf("exit %d:\n%s%s", r.code, r.stdout, r.stderr)
	}
}
