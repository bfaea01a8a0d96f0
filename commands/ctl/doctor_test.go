package ctl

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
