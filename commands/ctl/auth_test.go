package ctl

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

// permsOf is the permission of a role in the fake cluster: to read its own
// name.
func permsOf(role string) []*authpb.Permission {
	return []*authpb.Permission{{PermType: authpb.READ, Key: []byte(role)}}
}

func TestAuthCommands(t *testing.T) {
	t.Parallel()
	perm := func(kind authpb.Permission_Type, key, end string) *authpb.Permission {
		return &authpb.Permission{PermType: kind, Key: []byte(key), RangeEnd: []byte(end)}
	}
	list := &pb.AlarmRequest{Action: pb.AlarmRequest_GET}
	password := func(with bool) *authpb.UserAddOptions { return &authpb.UserAddOptions{NoPassword: !with} }
	for _, tt := range []struct {
		args string
		in   string
		sent []proto.Message
		out  string
		err  string
	}{
		{"auth enable", "", []proto.Message{&pb.AuthEnableRequest{}}, "Authentication Enabled\n", ""},
		{"auth enable -w json", "", []proto.Message{&pb.AuthEnableRequest{}}, "Authentication Enabled\n", ""},
		{"auth disable -w fields", "", []proto.Message{&pb.AuthDisableRequest{}}, "Authentication Disabled\n", ""},
		{"auth status", "", []proto.Message{&pb.AuthStatusRequest{}}, "Authentication Status: true\nAuthRevision: 5\n", ""},

		{"user add n:p:q", "", []proto.Message{&pb.AuthUserAddRequest{Name: "n", Password: "p:q", Options: password(true)}}, "User n created\n", ""},
		{"user add n", " p q \n p q\nx", []proto.Message{&pb.AuthUserAddRequest{Name: "n", Password: "p q", Options: password(true)}},
			"Password of n: \nType password of n again for confirmation: \nUser n created\n", ""},
		{"user add n --interactive=false", "p q\nx", []proto.Message{&pb.AuthUserAddRequest{Name: "n", Password: "p q", Options: password(true)}},
			"User n created\n", ""},
		{"user add n --password-file -", "p q\nx", []proto.Message{&pb.AuthUserAddRequest{Name: "n", Password: "p q", Options: password(true)}},
			"User n created\n", ""},
		{"user add n --interactive=false", "", []proto.Message{&pb.AuthUserAddRequest{Name: "n", Options: password(true)}},
			"User n created\n", "Warning: the password of n is empty, so anybody can log in as n\n"},
		{"user add n:x --no-password", "", []proto.Message{&pb.AuthUserAddRequest{Name: "n:x", Options: password(false)}}, "User n:x created\n", ""},
		{"user passwd n", "p\np\n", []proto.Message{&pb.AuthUserChangePasswordRequest{Name: "n", Password: "p"}},
			"Password of n: \nType password of n again for confirmation: \nPassword updated\n", ""},
		{"user passwd n --interactive=false -w table", "\n", []proto.Message{&pb.AuthUserChangePasswordRequest{Name: "n"}},
			"+------+------------------+\n| USER |      STATUS      |\n+------+------------------+\n|    n | password updated |\n+------+------------------+\n",
			"Warning: the password of n is empty, so anybody can log in as n\n"},
		{"user delete n", "", []proto.Message{&pb.AuthUserDeleteRequest{Name: "n"}}, "User n deleted\n", ""},
		{"user list", "", []proto.Message{&pb.AuthUserListRequest{}}, "root\nu\n", ""},
		{"user get u", "", []proto.Message{&pb.AuthUserGetRequest{Name: "u"}}, "User: u\nRoles: a b\n", ""},
		{"user get u --detail", "",
			[]proto.Message{&pb.AuthUserGetRequest{Name: "u"}, &pb.AuthRoleGetRequest{Role: "a"}, &pb.AuthRoleGetRequest{Role: "b"}},
			"User: u\n\nRole a\nKV Read:\n\ta\nKV Write:\n\nRole b\nKV Read:\n\tb\nKV Write:\n", ""},
		{"user grant-role u a", "", []proto.Message{&pb.AuthUserGrantRoleRequest{User: "u", Role: "a"}}, "Role a is granted to user u\n", ""},
		{"user revoke-role u a", "", []proto.Message{&pb.AuthUserRevokeRoleRequest{Name: "u", Role: "a"}}, "Role a is revoked from user u\n", ""},

		{"role add a", "", []proto.Message{&pb.AuthRoleAddRequest{Name: "a"}}, "Role a created\n", ""},
		{"role delete a", "", []proto.Message{&pb.AuthRoleDeleteRequest{Role: "a"}}, "Role a deleted\n", ""},
		{"role list", "", []proto.Message{&pb.AuthRoleListRequest{}}, "a\nb\n", ""},
		{"role get a", "", []proto.Message{&pb.AuthRoleGetRequest{Role: "a"}}, "Role a\nKV Read:\n\ta\nKV Write:\n", ""},
		{"role grant-permission a readWrite /p/ --prefix", "",
			[]proto.Message{&pb.AuthRoleGrantPermissionRequest{Name: "a", Perm: perm(authpb.READWRITE, "/p/", "/p0")}}, "Role a updated\n", ""},
		{"role grant-permission a write k l m -w table", "",
			[]proto.Message{&pb.AuthRoleGrantPermissionRequest{Name: "a", Perm: perm(authpb.WRITE, "k", "l")}},
			"+------+------------+-----+-----------+--------+---------+\n| ROLE | PERMISSION | KEY | RANGE END | PREFIX | STATUS  |\n" +
				"+------+------------+-----+-----------+--------+---------+\n|    a |      WRITE |   k |         l |      k | granted |\n" +
				"+------+------------+-----+-----------+--------+---------+\n",
			"Warning: the argument \"m\" is ignored\n"},
		{"role revoke-permission a k --from-key", "",
			[]proto.Message{&pb.AuthRoleRevokePermissionRequest{Role: "a", Key: []byte("k"), RangeEnd: []byte{0}}},
			"Permission of range [k, <open ended> is revoked from role a\n", ""},

		{"alarm list", "", []proto.Message{list}, "memberID:2 alarm:NOSPACE\n", ""},
		{"alarm disarm", "",
			[]proto.Message{list, &pb.AlarmRequest{Action: pb.AlarmRequest_DEACTIVATE, MemberID: 2, Alarm: pb.AlarmType_NOSPACE}},
			"memberID:2 alarm:NOSPACE\n", ""},
	} {
		f := &authServer{answer: authAnswers}
		r := runner{endpoint: f.start(t), in: strings.NewReader(tt.in)}
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			r.run(t, strings.Fields(tt.args)...).is(t, ran{0, tt.out, tt.err})
			sameMessages(t, f.requests(), tt.sent...)
		})
	}
}

// What is wrong with a command line is found before anything is sent or asked.
func TestAuthChecksFirst(t *testing.T) {
	t.Parallel()
	f := &authServer{}
	endpoint := f.start(t)
	const badFormat = "unsupported output format: \"yam\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml"
	for _, tt := range []struct {
		args string
		code cli.Code
		err  string
	}{
		{"auth enable x -w yam", cli.BadArgs, "auth enable command does not accept any arguments"},
		{"auth enable -w yam", cli.BadFeature, badFormat},
		{"auth disable x -w yam", cli.BadArgs, "auth disable command does not accept any arguments"},
		{"auth disable -w yam", cli.BadFeature, badFormat},
		{"auth status x -w yam", cli.BadArgs, "auth status command does not accept any arguments"},
		{"auth status -w yam", cli.BadFeature, badFormat},
		{"user add -w yam", cli.BadArgs, "user add command requires user name as its argument"},
		{"user add n -w yam", cli.BadFeature, badFormat},
		{"user passwd -w yam", cli.BadArgs, "user passwd command requires user name as its argument"},
		{"user passwd n -w yam", cli.BadFeature, badFormat},
		{"user delete a b -w yam", cli.BadArgs, "user delete command requires user name as its argument"},
		{"user delete n -w yam", cli.BadFeature, badFormat},
		{"user get -w yam", cli.BadArgs, "user get command requires user name as its argument"},
		{"user get n -w yam", cli.BadFeature, badFormat},
		{"user get n --detail -w yam", cli.BadFeature, badFormat},
		{"user list x -w yam", cli.BadArgs, "user list command requires no arguments"},
		{"user list -w yam", cli.BadFeature, badFormat},
		{"user grant-role u -w yam", cli.BadArgs, "user grant command requires user name and role name as its argument"},
		{"user grant-role u r -w yam", cli.BadFeature, badFormat},
		{"user revoke-role u -w yam", cli.BadArgs, "user revoke-role requires user name and role name as its argument"},
		{"user revoke-role u r -w yam", cli.BadFeature, badFormat},
		{"role add -w yam", cli.BadArgs, "role add command requires role name as its argument"},
		{"role add a -w yam", cli.BadFeature, badFormat},
		{"role delete -w yam", cli.BadArgs, "role delete command requires role name as its argument"},
		{"role delete a -w yam", cli.BadFeature, badFormat},
		{"role get -w yam", cli.BadArgs, "role get command requires role name as its argument"},
		{"role get a -w yam", cli.BadFeature, badFormat},
		{"role list x -w yam", cli.BadArgs, "role list command requires no arguments"},
		{"role list -w yam", cli.BadFeature, badFormat},
		{"role grant-permission a reed k -w yam", cli.BadArgs, "invalid permission type: reed: use read, write or readwrite"},
		{"role grant-permission a read k -w yam", cli.BadFeature, badFormat},
		{"role revoke-permission a -w yam", cli.BadArgs, "role revoke-permission command requires role name and key [endkey] as its argument"},
		{"role revoke-permission a k -w yam", cli.BadFeature, badFormat},
		{"alarm list x -w yam", cli.BadArgs, "alarm list command accepts no arguments"},
		{"alarm list -w yam", cli.BadFeature, badFormat},
		{"alarm disarm x -w yam", cli.BadArgs, "alarm disarm command accepts no arguments"},
		{"alarm disarm -w yam", cli.BadFeature, badFormat},
	} {
		in := strings.NewReader("p\np\n")
		r := runner{endpoint: endpoint, in: in}
		r.run(t, strings.Fields(tt.args)...).is(t, ran{tt.code, "", "Error: " + tt.err + "\n"})
		if in.Len() != 4 {
			t.Errorf("%s: read a password", tt.args)
		}
	}
	sameMessages(t, f.requests())
}

func TestAuthEnable(t *testing.T) {
	t.Parallel()
	enable, add := &pb.AuthEnableRequest{}, &pb.AuthRoleAddRequest{Name: "root"}
	grant := &pb.AuthUserGrantRoleRequest{User: "root", Role: "root"}
	for name, tt := range map[string]struct {
		enable, add, grant error // the answer to each request; an enable after a grant succeeds
		sent               []proto.Message
		want               string
	}{
		"no role": {
			enable: rpctypes.ErrGRPCRootRoleNotExist,
			sent:   []proto.Message{enable, add, grant, enable},
		},
		"role not granted": {
			enable: rpctypes.ErrGRPCRootRoleNotExist, add: rpctypes.ErrGRPCRoleAlreadyExist,
			sent: []proto.Message{enable, add, grant, enable},
		},
		"no user": {
			enable: rpctypes.ErrGRPCRootUserNotExist, sent: []proto.Message{enable}, want: "Error: etcdserver: root user does not exist: create it with \"etcdctl user add root\"\n",
		},
		"role refused": {
			enable: rpctypes.ErrGRPCRootRoleNotExist, add: rpctypes.ErrGRPCPermissionDenied,
			sent: []proto.Message{enable, add}, want: "Error: etcdserver: permission denied\n",
		},
		"grant refused": {
			enable: rpctypes.ErrGRPCRootRoleNotExist, grant: rpctypes.ErrGRPCUserNotFound,
			sent: []proto.Message{enable, add, grant}, want: "Error: etcdserver: user name not found\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var granted atomic.Bool
			f := &authServer{answer: func(req proto.Message) (proto.Message, error) {
				switch req.(type) {
				case *pb.AuthEnableRequest:
					if granted.Load() {
						return nil, nil
					}
					return nil, tt.enable
				case *pb.AuthRoleAddRequest:
					return nil, tt.add
				case *pb.AuthUserGrantRoleRequest:
					granted.Store(tt.grant == nil)
					return nil, tt.grant
				}
				return nil, errors.New("unexpected")
			}}
			want := ran{cli.Failure, "", tt.want}
			if tt.want == "" {
				want = ran{cli.OK, "Authentication Enabled\n", ""}
			}
			runner{endpoint: f.start(t)}.run(t, "auth", "enable").is(t, want)
			sameMessages(t, f.requests(), tt.sent...)
		})
	}
}

// A role that can't be read ends user get --detail with nothing printed.
func TestUserDetailFails(t *testing.T) {
	t.Parallel()
	f := &authServer{answer: func(req proto.Message) (proto.Message, error) {
		if r, ok := req.(*pb.AuthRoleGetRequest); ok && r.GetRole() == "b" {
			return nil, rpctypes.ErrGRPCRoleNotFound
		}
		return authAnswers(req)
	}}
	runner{endpoint: f.start(t)}.run(t, "user", "get", "u", "--detail").is(t, ran{cli.Failure, "", "Error: etcdserver: role name not found\n"})
	for _, args := range [][]string{{"user", "get", "u", "--detail"}, {"user", "get", "u"}, {"user", "list"}, {"role", "list"}, {"auth", "enable"}} {
		synctest.Test(t, func(t *testing.T) {
			runner{endpoint: "a:1", net: new(conntest.Network)}.run(t, args...).is(t,
				ran{cli.Failure, "", "Error: a:1: connection refused: context deadline exceeded\n"})
		})
	}
}
