package conn

import (
	"errors"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
)

func TestBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		m    proto.Message
		want string
	}{
		{&pb.AlarmRequest{}, `'{}'`},
		{&pb.AlarmRequest{Action: pb.AlarmRequest_DEACTIVATE, MemberID: 1<<64 - 1, Alarm: pb.AlarmType_NOSPACE},
			`'{"action":"DEACTIVATE","memberID":"18446744073709551615","alarm":"NOSPACE"}'`},
		{&pb.PutRequest{Key: []byte("it's\xff"), Value: []byte{0}, Lease: -1, PrevKv: true}, `'{"key":"aXQnc/8=","value":"AA==","lease":"-1","prev_kv":true}'`},
		{&pb.AuthRoleAddRequest{Name: "it's <\"\\\n&>é"}, `'{"name":"it'\''s <\"\\\n&>é"}'`},
		{&pb.Compare{TargetUnion: &pb.Compare_Version{}}, `'{"version":"0"}'`},
		{&pb.AuthUserAddRequest{Name: "u", Password: "secret"}, `'{"name":"u","password":"'"${NEW_PASSWORD:?}"'"}'`},
		{&pb.AuthUserAddRequest{Name: "u"}, `'{"name":"u"}'`},
		{&pb.AuthUserChangePasswordRequest{Password: "secret"}, `'{"password":"'"${NEW_PASSWORD:?}"'"}'`},
	} {
		before := proto.Clone(tt.m)
		got, err := body(tt.m, newPasswordVar)
		if err != nil || got != tt.want {
			t.Errorf("%v: %s, %v; want %s", tt.m, got, err, tt.want)
		}
		if !proto.Equal(before, tt.m) {
			t.Errorf("%v was %v", tt.m, before)
		}
	}
	if got, err := body(&pb.AuthRoleAddRequest{Name: "\xff"}, ""); err == nil {
		t.Errorf("a name that is no text: %s", got)
	}
}

// record returns the lines for one request with some flags.
func record(t *testing.T, do func(*Client) error, methods []string, args ...string) ([]string, error) {
	t.Helper()
	f, s, _, _ := parsed(t, args...)
	s.In = nil // no password prompt
	r := f.Record(func(error) {}, methods...)
	d, err := f.Dialer(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Explain(do(c)); !errors.Is(err, errCaught) || !r.Caught() {
		return nil, err
	}
	return r.Lines()
}

func TestRecordedLines(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert, key := files(t, ca.issue(t, "x", ca.cert.NotAfter))
	names := strings.NewReplacer("CERT", cert, "KEY", key, "CA", ca.file)
	const login = `: "${PASSWORD:?}" && TOKEN=$(curl -sS http://127.0.0.1:2379/v3/auth/authenticate -d '{"name":"u:x","password":"'"$PASSWORD"'"}' | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p') &&` + "\n"
	for _, tt := range []struct{ args, want string }{
		{"", "curl -sS http://127.0.0.1:2379%"},
		{"--endpoints h:1,h:2", "curl -sS http://h:1%"},
		{"--endpoints http://[::1]:1 --cacert CA", "curl -sS 'http://[::1]:1%'"},
		{"--endpoints https://h:1 --insecure-skip-tls-verify", "curl -sS -k https://h:1%"},
		{"--endpoints h:1 --cacert CA --cert CERT --key KEY", "curl -sS --cacert CA --cert CERT --key KEY https://h:1%"},
		{"--endpoints unix:///run/it's.sock", `curl -sS --unix-socket '/run/it'\''s.sock' http://localhost%`},
		{"--endpoints unix:e.sock", "curl -sS --unix-socket e.sock http://localhost%"},
		{"--endpoints unixs:///run/e.sock --cacert CA", "curl -sS --unix-socket /run/e.sock --cacert CA https://e.sock%"},
		{"--auth-jwt-token secret --user u:p", `curl -sS http://127.0.0.1:2379% -H "Authorization: ${TOKEN:?}"`},
		{"--user u:x --password secret", login + `curl -sS http://127.0.0.1:2379% -H "Authorization: $TOKEN"`},
		{"--user u:secret", strings.Replace(login, "u:x", "u", 1) + `curl -sS http://127.0.0.1:2379% -H "Authorization: $TOKEN"`},
		{"--user u", strings.Replace(login, "u:x", "u", 1) + `curl -sS http://127.0.0.1:2379% -H "Authorization: $TOKEN"`},
	} {
		put := func(c *Client) error { _, err := c.Put(t.Context(), "k", "v"); return err }
		lines, err := record(t, put, []string{pb.KV_Put_FullMethodName}, strings.Fields(names.Replace(tt.args))...)
		want := names.Replace(strings.Replace(tt.want, "%", "/v3/kv/put", 1)) + ` -d '{"key":"aw==","value":"dg=="}'`
		if got := strings.Join(lines, "\n"); err != nil || got != want {
			t.Errorf("%s\n got %s, %v\nwant %s", tt.args, got, err, want)
		}
	}
}

// The request for which another comes first is not made either.
func TestRecorderRefuses(t *testing.T) {
	t.Parallel()
	list := func(c *Client) error { _, err := c.MemberList(t.Context()); return err }
	_, err := record(t, list, []string{pb.Cluster_MemberAdd_FullMethodName})
	if want := "nothing is sent with --curl, and this needs the answer to MemberList first"; errorText(err) != want || cli.CodeOf(err) != cli.BadArgs {
		t.Errorf("%v, code %d", err, cli.CodeOf(err))
	}
	role := func(c *Client) error { _, err := c.RoleAdd(t.Context(), "\xff"); return err }
	_, err = record(t, role, []string{pb.Auth_RoleAdd_FullMethodName})
	if !strings.HasPrefix(errorText(err), "write the request as JSON: ") || cli.CodeOf(err) != cli.Failure {
		t.Errorf("%v, code %d", err, cli.CodeOf(err))
	}
	stream := func(c *Client) error { _, err := c.Snapshot(t.Context()); return err }
	if _, err = record(t, stream, nil); cli.CodeOf(err) != cli.BadArgs {
		t.Errorf("%v", err)
	}
}

func TestRequireLeader(t *testing.T) {
	t.Parallel()
	line, err := new(curl).request("h:1", pb.Watch_Watch_FullMethodName, &pb.WatchRequest{}, metadata.Pairs("hasleader", "true", "client-api-version", "3.7"))
	if want := "curl -sS -N http://h:1/v3/watch -H 'Grpc-Metadata-Hasleader: true' -d '{}'"; err != nil || line != want {
		t.Errorf("%s, %v; want %s", line, err, want)
	}
}
