package view

import (
	"math/rand/v2"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
)

func TestLeases(t *testing.T) {
	t.Parallel()
	const id, dec, padded = 0x2c6aa20445ec8547, "3200548624436856135", "2c6aa20445ec8547"
	h := answered(9)
	revoke := &pb.LeaseRevokeResponse{Header: h}
	live := &pb.LeaseTimeToLiveResponse{Header: h, ID: id, TTL: 998, GrantedTTL: 1000}
	keys := &pb.LeaseTimeToLiveResponse{Header: h, ID: id, TTL: 998, GrantedTTL: 1000, Keys: [][]byte{[]byte("la"), []byte("l\nb")}}
	expired := &pb.LeaseTimeToLiveResponse{Header: h, ID: 0x123, TTL: -1}
	idFields := func(more string) (string, string) {
		return answeredFields + "\"ID\" : " + dec + "\n" + more, answeredHexFields + "\"ID\" : " + padded + "\n" + more
	}
	ttl, ttlHex := idFields("\"TTL\" : 100\n")
	left, leftHex := idFields("\"TTL\" : 998\n\"GrantedTTL\" : 1000\n")
	ttlTable := "+------------------+-----+\n|        ID        | TTL |\n+------------------+-----+\n| " + padded + " | 100 |\n+------------------+-----+\n"
	for _, s := range []shown{
		{
			name: "grant", view: LeaseGrant{&pb.LeaseGrantResponse{Header: h, ID: id, TTL: 100}},
			simple: "lease " + padded + " granted with TTL(100s)\n", fields: ttl, hexFields: ttlHex, table: ttlTable,
			json: `{` + answeredMembers + `,"ID":` + dec + `,"TTL":100,"Error":""}` + "\n", protobuf: h,
		},
		{
			name: "revoke", view: LeaseRevoke{id, revoke}, simple: "lease " + padded + " revoked\n",
			fields: answeredFields, hexFields: answeredHexFields, json: "{" + answeredJSON + "}\n", protobuf: revoke,
			table: "+------------------+---------+\n|        ID        | STATUS  |\n+------------------+---------+\n| " + padded + " | revoked |\n+------------------+---------+\n",
		},
		{
			name: "keep alive", view: LeaseKeepAlive{&pb.LeaseKeepAliveResponse{Header: h, ID: id, TTL: 100}},
			simple: "lease " + padded + " keepalived with TTL(100)\n", fields: ttl, hexFields: ttlHex, table: ttlTable,
			json: `{` + answeredMembers + `,"ID":` + dec + `,"TTL":100}` + "\n", protobuf: h,
		},
		{
			name: "time to live", view: LeaseTimeToLive{live, false}, protobuf: h,
			simple: "lease " + padded + " granted with TTL(1000s), remaining(998s)\n", fields: left, hexFields: leftHex,
			json: `{` + answeredMembers + `,"id":` + dec + `,"ttl":998,"granted-ttl":1000,"keys":null}` + "\n",
			table: `+------------------+-------------+---------------+
|        ID        | GRANTED TTL | REMAINING TTL |
+------------------+-------------+---------------+
| 2c6aa20445ec8547 |        1000 |           998 |
+------------------+-------------+---------------+
`,
		},
		{
			name: "time to live with keys", view: LeaseTimeToLive{keys, true}, protobuf: h,
			simple: "lease " + padded + " granted with TTL(1000s), remaining(998s), attached keys([la l\nb])\n",
			fields: left + "\"Key\" : \"la\"\n\"Key\" : \"l\\nb\"\n", hexFields: leftHex + "\"Key\" : \"la\"\n\"Key\" : \"l\\nb\"\n",
			json: `{` + answeredMembers + `,"id":` + dec + `,"ttl":998,"granted-ttl":1000,"keys":["bGE=","bApi"]}` + "\n",
			table: `+------------------+-------------+---------------+--------+
|        ID        | GRANTED TTL | REMAINING TTL |  KEYS  |
+------------------+-------------+---------------+--------+
| 2c6aa20445ec8547 |        1000 |           998 |     la |
|                  |             |               | "l\nb" |
+------------------+-------------+---------------+--------+
`,
		},
		{
			name: "time to live without the keys asked for", view: LeaseTimeToLive{live, true}, protobuf: h,
			simple: "lease " + padded + " granted with TTL(1000s), remaining(998s), attached keys([])\n", fields: left, hexFields: leftHex,
			json: `{` + answeredMembers + `,"id":` + dec + `,"ttl":998,"granted-ttl":1000,"keys":null}` + "\n",
			table: `+------------------+-------------+---------------+------+
|        ID        | GRANTED TTL | REMAINING TTL | KEYS |
+------------------+-------------+---------------+------+
| 2c6aa20445ec8547 |        1000 |           998 |      |
+------------------+-------------+---------------+------+
`,
		},
		{
			name: "expired", view: LeaseTimeToLive{expired, true}, simple: "lease 0000000000000123 already expired\n", protobuf: h,
			fields:    answeredFields + "\"ID\" : 291\n\"TTL\" : -1\n\"GrantedTTL\" : 0\n",
			hexFields: answeredHexFields + "\"ID\" : 0000000000000123\n\"TTL\" : -1\n\"GrantedTTL\" : 0\n",
			json:      `{` + answeredMembers + `,"id":291,"ttl":-1,"granted-ttl":0,"keys":null}` + "\n",
			table: `+------------------+-------------+---------------+------+
|        ID        | GRANTED TTL | REMAINING TTL | KEYS |
+------------------+-------------+---------------+------+
| 0000000000000123 |             |       expired |      |
+------------------+-------------+---------------+------+
`,
		},
		{
			name: "list", view: Leases{LeaseLeasesResponse: &pb.LeaseLeasesResponse{Header: h, Leases: []*pb.LeaseStatus{{ID: 0x123}, {ID: id}}}}, protobuf: h,
			simple: "found 2 leases\n0000000000000123\n" + padded + "\n", fields: answeredFields + "\"ID\" : 291\n\"ID\" : " + dec + "\n",
			hexFields: answeredHexFields + "\"ID\" : 0000000000000123\n\"ID\" : " + padded + "\n",
			json:      `{` + answeredMembers + `,"leases":[{"id":291},{"id":` + dec + `}]}` + "\n",
			table:     "+------------------+\n|        ID        |\n+------------------+\n| 0000000000000123 |\n| " + padded + " |\n+------------------+\n",
		},
		{
			name: "empty list", view: Leases{LeaseLeasesResponse: &pb.LeaseLeasesResponse{Header: h}}, simple: "found 0 leases\n", protobuf: h,
			fields: answeredFields, hexFields: answeredHexFields, json: `{` + answeredMembers + `,"leases":[]}` + "\n",
			table: "+----+\n| ID |\n+----+\n",
		},
		{ // a negative id, as -1 on the command line: upstream's sign comes through
			name: "negative id", view: LeaseRevoke{-1, &pb.LeaseRevokeResponse{}}, simple: "lease -000000000000001 revoked\n",
			fields: "\"ClusterID\" : 0\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n", json: "{}\n",
			table: "+------------------+---------+\n|        ID        | STATUS  |\n+------------------+---------+\n| ffffffffffffffff | revoked |\n+------------------+---------+\n",
		},
	} {
		t.Run(s.name, s.test)
	}
}

// Upstream's types embed the header, and some rename their fields.
func TestLeaseJSONAsEncodingJSON(t *testing.T) {
	t.Parallel()
	type status struct {
		ID int64 `json:"id"`
	}
	for seed := range uint64(300) {
		grant, live, all := &pb.LeaseGrantResponse{}, &pb.LeaseTimeToLiveResponse{}, &pb.LeaseLeasesResponse{}
		randomize(rand.New(rand.NewPCG(seed, 11)), grant.ProtoReflect())
		randomize(rand.New(rand.NewPCG(seed, 12)), live.ProtoReflect())
		randomize(rand.New(rand.NewPCG(seed, 13)), all.ProtoReflect())
		ids := []status{}
		for _, l := range all.Leases {
			ids = append(ids, status{l.ID})
		}
		for _, c := range []struct {
			view printer.View
			want string
		}{
			{LeaseGrant{grant}, encoded(t, struct {
				*pb.ResponseHeader
				ID, TTL int64
				Error   string
			}{grant.Header, grant.ID, grant.TTL, grant.Error})},
			{LeaseTimeToLive{live, true}, encoded(t, struct {
				*pb.ResponseHeader
				ID         int64    `json:"id"`
				TTL        int64    `json:"ttl"`
				GrantedTTL int64    `json:"granted-ttl"`
				Keys       [][]byte `json:"keys"`
			}{live.Header, live.ID, live.TTL, live.GrantedTTL, live.Keys})},
			{Leases{LeaseLeasesResponse: all}, encoded(t, struct {
				*pb.ResponseHeader
				Leases []status `json:"leases"`
			}{all.Header, ids})},
		} {
			if got := printed(t, "json", false, c.view); got != c.want {
				t.Fatalf("seed %d: %T: got\n%s\nwant\n%s", seed, c.view, got, c.want)
			}
		}
	}
}
