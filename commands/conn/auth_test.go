package conn

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

func TestAuth(t *testing.T) {
	t.Parallel()
	const asked = "Password: \n"
	for _, tt := range []struct {
		name string
		args []string
		in   string
		want *clientv3.AuthConfig
		out  string
		left string // of the input, for the command
	}{
		{name: "nobody", in: "x\n", left: "x\n"},
		{name: "password alone", args: []string{"--password", "p"}},
		{name: "both in one", args: []string{"--user", "u:p"}, want: &clientv3.AuthConfig{Username: "u", Password: "p"}},
		{name: "first colon counts", args: []string{"--user", "u:p:q"}, want: &clientv3.AuthConfig{Username: "u", Password: "p:q"}},
		{name: "empty password given", args: []string{"--user", "u:"}, want: &clientv3.AuthConfig{Username: "u"}},
		{name: "no name", args: []string{"--user", ":p"}, want: &clientv3.AuthConfig{Password: "p"}},
		{name: "two flags", args: []string{"--user", "u", "--password", "p"}, want: &clientv3.AuthConfig{Username: "u", Password: "p"}},
		{name: "colon in the name", args: []string{"--user", "u:x", "--password", "p"}, want: &clientv3.AuthConfig{Username: "u:x", Password: "p"}},
		{name: "token wins", args: []string{"--user", "u", "--auth-jwt-token", "t"}, want: &clientv3.AuthConfig{Token: "t"}},
		{name: "asked", args: []string{"--user", "u"}, in: "p\nvalue\n", want: &clientv3.AuthConfig{Username: "u", Password: "p"}, out: asked, left: "value\n"},
		{name: "asked, empty flag", args: []string{"--user", "u", "--password="}, in: "p\n", want: &clientv3.AuthConfig{Username: "u", Password: "p"}, out: asked},
		{name: "asked, last line", args: []string{"--user", "u"}, in: " p q\r", want: &clientv3.AuthConfig{Username: "u", Password: "p q"}, out: asked},
		{name: "asked, no input", args: []string{"--user", "u"}, want: &clientv3.AuthConfig{Username: "u"}, out: asked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, s, out, errs := parsed(t, tt.args...)
			in := strings.NewReader(tt.in)
			s.In = in
			got, err := f.auth(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
			left, _ := io.ReadAll(in)
			if out.String() != tt.out || errs.String() != "" || string(left) != tt.left {
				t.Errorf("stdout %q, stderr %q, left %q", out, errs, left)
			}
		})
	}
}

func TestPasswordThatCannotBeRead(t *testing.T) {
	t.Parallel()
	f, s, _, _ := parsed(t, "--user", "u")
	broken := errors.New("broken pipe")
	s.In = iotest.ErrReader(broken)
	_, err := f.Dialer(t.Context(), s)
	if !errors.Is(err, broken) || err.Error() != "failed during password entry: broken pipe" || cli.CodeOf(err) != cli.Failure {
		t.Errorf("%v, code %d", err, cli.CodeOf(err))
	}
}
