package view

import (
	"testing"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// perm is one permission; kind is its name in the API.
func perm(kind, key, end string) *authpb.Permission {
	return &authpb.Permission{PermType: authpb.Permission_Type(authpb.Permission_Type_value[kind]), Key: []byte(key), RangeEnd: []byte(end)}
}

func perms(all ...*authpb.Permission) []*authpb.Permission { return all }

func TestRoleChanges(t *testing.T) {
	t.Parallel()
	h := answered(9)
	grant := func(p *authpb.Permission) RoleGrantPermission {
		return RoleGrantPermission{Ack{&pb.AuthRoleGrantPermissionResponse{Header: h}}, "r", p}
	}
	revoke := func(key, end string) RoleRevokePermission {
		return RoleRevokePermission{Ack{&pb.AuthRoleRevokePermissionResponse{Header: h}}, "r", key, end}
	}
	for name, a := range map[string]acked{
		"add": {RoleAdd{Ack{&pb.AuthRoleAddResponse{Header: h}}, "r"}, "Role r created\n", `+------+---------+
| ROLE | STATUS  |
+------+---------+
|    r | created |
+------+---------+
`},
		"delete": {RoleDelete{Ack{&pb.AuthRoleDeleteResponse{Header: h}}, "r"}, "Role r deleted\n", `+------+---------+
| ROLE | STATUS  |
+------+---------+
|    r | deleted |
+------+---------+
`},
		"grant a key": {grant(perm("WRITE", "k", "")), "Role r updated\n", `+------+------------+-----+-----------+--------+---------+
| ROLE | PERMISSION | KEY | RANGE END | PREFIX | STATUS  |
+------+------------+-----+-----------+--------+---------+
|    r |      WRITE |   k |           |        | granted |
+------+------------+-----+-----------+--------+---------+
`},
		"grant everything": {grant(perm("READWRITE", "\x00", "\x00")), "Role r updated\n", `+------+------------+--------+--------------+--------+---------+
| ROLE | PERMISSION |  KEY   |  RANGE END   | PREFIX | STATUS  |
+------+------------+--------+--------------+--------+---------+
|    r |  READWRITE | "\x00" | <open ended> |        | granted |
+------+------------+--------+--------------+--------+---------+
`},
		"revoke a key": {revoke("k", ""), "Permission of key k is revoked from role r\n", `+------+-----+-----------+--------+---------+
| ROLE | KEY | RANGE END | PREFIX | STATUS  |
+------+-----+-----------+--------+---------+
|    r |   k |           |        | revoked |
+------+-----+-----------+--------+---------+
`},
		"revoke a prefix": {revoke("/a/", "/a0"), "Permission of range [/a/, /a0) is revoked from role r\n", `+------+-----+-----------+--------+---------+
| ROLE | KEY | RANGE END | PREFIX | STATUS  |
+------+-----+-----------+--------+---------+
|    r | /a/ |       /a0 |    /a/ | revoked |
+------+-----+-----------+--------+---------+
`},
		"revoke everything": {revoke("", "\x00"), "Permission of range [, <open ended> is revoked from role r\n", `+------+-----+--------------+--------+---------+
| ROLE | KEY |  RANGE END   | PREFIX | STATUS  |
+------+-----+--------------+--------+---------+
|    r |     | <open ended> |        | revoked |
+------+-----+--------------+--------+---------+
`},
	} {
		t.Run(name, a.shown(name).test)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	h := answered(9)
	all := &pb.AuthRoleGetResponse{Header: h, Perm: perms(
		perm("READ", "k", ""), perm("WRITE", "a", "c"), perm("READWRITE", "f", "\x00"), perm("READ", "/p/", "/p0"),
		perm("READWRITE", "\xff\xff", "\x00"), perm("WRITE", "x\xff", "y"),
	)}
	bare := &pb.AuthRoleGetResponse{Header: h}
	list := &pb.AuthRoleListResponse{Header: h, Roles: []string{"reader", "root"}}
	const (
		allFields = "\"PermType\" :  READ\n\"Key\" : \"k\"\n\"RangeEnd\" : \"\"\n" +
			"\"PermType\" :  WRITE\n\"Key\" : \"a\"\n\"RangeEnd\" : \"c\"\n" +
			"\"PermType\" :  READWRITE\n\"Key\" : \"f\"\n\"RangeEnd\" : \"\\x00\"\n" +
			"\"PermType\" :  READ\n\"Key\" : \"/p/\"\n\"RangeEnd\" : \"/p0\"\n" +
			"\"PermType\" :  READWRITE\n\"Key\" : \"\\xff\\xff\"\n\"RangeEnd\" : \"\\x00\"\n" +
			"\"PermType\" :  WRITE\n\"Key\" : \"x\\xff\"\n\"RangeEnd\" : \"y\"\n"
		roles = "\"Roles\" : \"reader\" \"root\"\n"
	)
	for _, s := range []shown{
		{
			name: "get", view: RoleGet{all, "r"}, protobuf: all,
			simple: "Role r\nKV Read:\n\tk\n\t[f, <open ended>\n\t[/p/, /p0) (prefix /p/)\n\t[\xff\xff, <open ended> (prefix \xff\xff)\n" +
				"KV Write:\n\t[a, c)\n\t[f, <open ended>\n\t[\xff\xff, <open ended> (prefix \xff\xff)\n\t[x\xff, y) (prefix x\xff)\n",
			fields: answeredFields + allFields, hexFields: answeredHexFields + allFields,
			json: `{` + answeredJSON + `,"perm":[{"key":"aw=="},{"permType":1,"key":"YQ==","range_end":"Yw=="},` +
				`{"permType":2,"key":"Zg==","range_end":"AA=="},{"key":"L3Av","range_end":"L3Aw"},` +
				`{"permType":2,"key":"//8=","range_end":"AA=="},{"permType":1,"key":"eP8=","range_end":"eQ=="}]}` + "\n",
			table: `+------+------------+------------+--------------+------------+
| ROLE | PERMISSION |    KEY     |  RANGE END   |   PREFIX   |
+------+------------+------------+--------------+------------+
|    r |       READ |          k |              |            |
|    r |      WRITE |          a |            c |            |
|    r |  READWRITE |          f | <open ended> |            |
|    r |       READ |        /p/ |          /p0 |        /p/ |
|    r |  READWRITE | "\xff\xff" | <open ended> | "\xff\xff" |
|    r |      WRITE |    "x\xff" |            y |    "x\xff" |
+------+------------+------------+--------------+------------+
`,
		},
		{
			name: "get without permissions", view: RoleGet{bare, "r"}, protobuf: bare, simple: "Role r\nKV Read:\nKV Write:\n",
			fields: answeredFields, hexFields: answeredHexFields, json: "{" + answeredJSON + "}\n",
			table: `+------+------------+-----+-----------+--------+
| ROLE | PERMISSION | KEY | RANGE END | PREFIX |
+------+------------+-----+-----------+--------+
|    r |            |     |           |        |
+------+------------+-----+-----------+--------+
`,
		},
		{
			name: "get root", view: RoleGet{bare, "root"}, protobuf: bare,
			simple: "Role root\nKV Read:\n\t[, <open ended>\nKV Write:\n\t[, <open ended>\n",
			fields: answeredFields, hexFields: answeredHexFields, json: "{" + answeredJSON + "}\n",
			table: `+------+------------+-----+--------------+--------+
| ROLE | PERMISSION | KEY |  RANGE END   | PREFIX |
+------+------------+-----+--------------+--------+
| root |  READWRITE |     | <open ended> |        |
+------+------------+-----+--------------+--------+
`,
		},
		{
			name: "list", view: RoleList{list}, protobuf: list, simple: "reader\nroot\n",
			fields: answeredFields + roles, hexFields: answeredHexFields + roles,
			json: `{` + answeredJSON + `,"roles":["reader","root"]}` + "\n",
			table: `+--------+
|  ROLE  |
+--------+
| reader |
|   root |
+--------+
`,
		},
	} {
		t.Run(s.name, s.test)
	}
}
