package view

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"
)

func TestUserChanges(t *testing.T) {
	t.Parallel()
	h := answered(9)
	for name, a := range map[string]acked{
		"add": {UserAdd{Ack{&pb.AuthUserAddResponse{Header: h}}, "bob"}, "User bob created\n", `+------+---------+
| USER | STATUS  |
+------+---------+
|  bob | created |
+------+---------+
`},
		"delete": {UserDelete{Ack{&pb.AuthUserDeleteResponse{Header: h}}, "bob"}, "User bob deleted\n", `+------+---------+
| USER | STATUS  |
+------+---------+
|  bob | deleted |
+------+---------+
`},
		"passwd": {UserPasswd{Ack{&pb.AuthUserChangePasswordResponse{Header: h}}, "bob"}, "Password updated\n", `+------+------------------+
| USER |      STATUS      |
+------+------------------+
|  bob | password updated |
+------+------------------+
`},
		"grant-role": {
			UserGrantRole{Ack{&pb.AuthUserGrantRoleResponse{Header: h}}, "bob", "reader"},
			"Role reader is granted to user bob\n", `+------+--------+---------+
| USER |  ROLE  | STATUS  |
+------+--------+---------+
|  bob | reader | granted |
+------+--------+---------+
`},
		"revoke-role": {
			UserRevokeRole{Ack{&pb.AuthUserRevokeRoleResponse{Header: h}}, "bob", "reader"},
			"Role reader is revoked from user bob\n", `+------+--------+---------+
| USER |  ROLE  | STATUS  |
+------+--------+---------+
|  bob | reader | revoked |
+------+--------+---------+
`},
	} {
		t.Run(name, a.shown(name).test)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	h := answered(9)
	bob := &pb.AuthUserGetResponse{Header: h, Roles: []string{"reader", `<w "é">`}}
	idle := &pb.AuthUserGetResponse{Header: h}
	all := &pb.AuthUserListResponse{Header: h, Users: []string{"bob", "root"}}
	none := &pb.AuthUserListResponse{Header: h}
	const roles, users = "\"Roles\" : \"reader\" \"<w \\\"é\\\">\"\n", "\"Users\" : \"bob\" \"root\"\n"
	for _, s := range []shown{
		{
			name: "get", view: UserGet{bob, "bob"}, protobuf: bob, simple: "User: bob\nRoles: reader <w \"é\">\n",
			fields: answeredFields + roles, hexFields: answeredHexFields + roles,
			json: `{` + answeredJSON + `,"roles":["reader","\u003cw \"é\"\u003e"]}` + "\n",
			table: `+------+---------+
| USER |  ROLES  |
+------+---------+
|  bob |  reader |
|      | <w "é"> |
+------+---------+
`,
		},
		{
			name: "get without roles", view: UserGet{idle, "idle"}, protobuf: idle, simple: "User: idle\nRoles:\n",
			fields: answeredFields + "\"Roles\" :\n", hexFields: answeredHexFields + "\"Roles\" :\n", json: "{" + answeredJSON + "}\n",
			table: `+------+-------+
| USER | ROLES |
+------+-------+
| idle |       |
+------+-------+
`,
		},
		{
			name: "list", view: UserList{all}, protobuf: all, simple: "bob\nroot\n",
			fields: answeredFields + users, hexFields: answeredHexFields + users, json: `{` + answeredJSON + `,"users":["bob","root"]}` + "\n",
			table: `+------+
| USER |
+------+
|  bob |
| root |
+------+
`,
		},
		{
			name: "list of none", view: UserList{none}, protobuf: none,
			fields: answeredFields + "\"Users\" :\n", hexFields: answeredHexFields + "\"Users\" :\n", json: "{" + answeredJSON + "}\n",
			table: "+------+\n| USER |\n+------+\n",
		},
	} {
		t.Run(s.name, s.test)
	}
}

func TestUserDetail(t *testing.T) {
	t.Parallel()
	reader := RoleGet{&pb.AuthRoleGetResponse{Header: answered(9), Perm: perms(perm("READ", "/a/", "/a0"))}, "reader"}
	idle := RoleGet{&pb.AuthRoleGetResponse{Header: answered(9)}, "idle"}
	for _, s := range []shown{
		{
			name: "two roles", view: UserDetail{"bob", []RoleGet{reader, idle}},
			simple: "User: bob\n\nRole reader\nKV Read:\n\t[/a/, /a0) (prefix /a/)\nKV Write:\n\nRole idle\nKV Read:\nKV Write:\n",
			fields: "User: bob\n\n" + answeredFields + "\"PermType\" :  READ\n\"Key\" : \"/a/\"\n\"RangeEnd\" : \"/a0\"\n\n" + answeredFields,
			hexFields: "User: bob\n\n" + answeredHexFields + "\"PermType\" :  READ\n\"Key\" : \"/a/\"\n\"RangeEnd\" : \"/a0\"\n\n" +
				answeredHexFields,
			json: "User: bob\n\n{" + answeredJSON + `,"perm":[{"key":"L2Ev","range_end":"L2Ew"}]}` + "\n\n{" + answeredJSON + "}\n",
			table: `+------+--------+------------+-----+-----------+--------+
| USER |  ROLE  | PERMISSION | KEY | RANGE END | PREFIX |
+------+--------+------------+-----+-----------+--------+
|  bob | reader |       READ | /a/ |       /a0 |    /a/ |
|  bob |   idle |            |     |           |        |
+------+--------+------------+-----+-----------+--------+
`,
		},
		{
			name: "no roles", view: UserDetail{"bob", nil},
			simple: "User: bob\n", fields: "User: bob\n", json: "User: bob\n", table: "User: bob\n",
		},
	} {
		t.Run(s.name, s.test)
	}
	var want []byte
	for _, m := range []proto.Message{reader.AuthRoleGetResponse, idle.AuthRoleGetResponse} {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		want = append(append(want, '\n'), b...)
	}
	if got := printed(t, "protobuf", false, UserDetail{"bob", []RoleGet{reader, idle}}); got != "User: bob\n"+string(want) {
		t.Errorf("protobuf: got %q, want %q", got, want)
	}
}
