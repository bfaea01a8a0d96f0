package view

import (
	"math/rand/v2"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
)

func TestAuthStatus(t *testing.T) {
	t.Parallel()
	on := &pb.AuthStatusResponse{Header: answered(9), Enabled: true, AuthRevision: 12}
	off := &pb.AuthStatusResponse{Header: answered(9)}
	for _, s := range []shown{
		{
			name: "enabled", view: AuthStatus{on}, simple: "Authentication Status: true\nAuthRevision: 12\n", protobuf: on,
			fields:    answeredFields + "\"Enabled\" : true\n\"AuthRevision\" : 12\n",
			hexFields: answeredHexFields + "\"Enabled\" : true\n\"AuthRevision\" : 12\n",
			json:      `{` + answeredJSON + `,"enabled":true,"authRevision":12}` + "\n",
			table: `+---------+---------------+
| ENABLED | AUTH REVISION |
+---------+---------------+
|    true |            12 |
+---------+---------------+
`,
		},
		{
			name: "disabled", view: AuthStatus{off}, simple: "Authentication Status: false\nAuthRevision: 0\n", protobuf: off,
			fields:    answeredFields + "\"Enabled\" : false\n\"AuthRevision\" : 0\n",
			hexFields: answeredHexFields + "\"Enabled\" : false\n\"AuthRevision\" : 0\n",
			json:      `{` + answeredJSON + "}\n",
			table: `+---------+---------------+
| ENABLED | AUTH REVISION |
+---------+---------------+
|   false |             0 |
+---------+---------------+
`,
		},
	} {
		t.Run(s.name, s.test)
	}
}

// acked is a change that is answered with a header.
type acked struct {
	view          printer.View
	simple, table string
}

func (a acked) shown(name string) shown {
	return shown{
		name: name, view: a.view, simple: a.simple, table: a.table,
		fields: answeredFields, hexFields: answeredHexFields, json: "{" + answeredJSON + "}\n",
		protobuf: &pb.AuthUserAddResponse{Header: answered(9)}, // all of these messages have the same fields
	}
}

func TestAuthJSONAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 37))
		alarms, role, roles := &pb.AlarmResponse{}, &pb.AuthRoleGetResponse{}, &pb.AuthRoleListResponse{}
		user, users, status := &pb.AuthUserGetResponse{}, &pb.AuthUserListResponse{}, &pb.AuthStatusResponse{}
		ack := &pb.AuthRoleRevokePermissionResponse{}
		for _, of := range []struct {
			response Response
			view     printer.View
		}{
			{alarms, Alarms{alarms}},
			{role, RoleGet{role, "root"}},
			{roles, RoleList{roles}},
			{user, UserGet{user, "u"}},
			{users, UserList{users}},
			{status, AuthStatus{status}},
			{ack, RoleRevokePermission{Ack: Ack{ack}}},
		} {
			randomize(r, of.response.ProtoReflect())
			if got, want := jsonOf37(t, of.view, seed), encoded(t, of.response); got != want {
				t.Fatalf("seed %d: got\n%swant\n%s", seed, got, want)
			}
		}
	}
}
