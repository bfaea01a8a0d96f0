package docs_test

import (
	"time"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/commands/read"
	"etcdkit/keyspace/consistency"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

const (
	cluster, member = 14841639068965178418, 10276657743932975437
	lease           = 7587895842571624454
)

func header(rev int64) *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: cluster, MemberId: member, Revision: rev, RaftTerm: 2}
}

// samples are the results that docs/json.md shows, by command. One that prints
// nothing to stdout has none.
func samples() map[string][]printer.View {
	all := map[string][]printer.View{
		"etcdctl version": nil, "etcdctl options": nil, "etcdctl completion": nil, "etcdctl shell": nil, "etcdctl browse": nil, "etcdutl browse": nil, "etcdctl help": nil,
		"etcdctl context add": nil, "etcdctl context use": nil, "etcdctl context rename": nil, "etcdctl context remove": nil,
		"etcdutl version": nil, "etcdutl completion": nil, "etcdutl help": nil,
		"etcdctl snapshot restore": nil, "etcdctl backup restore": nil, "etcdctl backup follow": nil, "etcdutl snapshot restore": nil, "etcdutl defrag": nil,
		"etcdutl backup": nil, "etcdutl migrate": nil, "etcdutl check v2store": nil, "etcdutl check consistency": nil, "etcdutl report": nil, // they print what those of etcdctl do
		"etcdutl v2 export": nil, // of which docs/v2-export.md states the lines
	}
	for _, name := range []string{"get", "ls", "tree", "du", "top", "count", "export", "diff", "history", "watch", "lease list", "lease timetolive", "user list", "user get", "role list", "role get", "member list", "alarm list", "auth status"} { // they print what those of etcdctl do
		all["etcdutl "+name] = nil
	}
	for _, some := range []map[string]printer.View{keySamples(), clusterSamples(), authSamples(), fileSamples(), backupSamples(), bulkSamples()} {
		for name, v := range some {
			all[name] = []printer.View{v}
		}
	}
	return all
}

func keySamples() map[string]printer.View {
	mode := &mvccpb.KeyValue{Key: []byte("/app/mode"), CreateRevision: 2, ModRevision: 5, Version: 2, Value: []byte("live")}
	raw := &mvccpb.KeyValue{Key: []byte("/app/raw"), CreateRevision: 4, ModRevision: 4, Version: 1, Value: []byte{0, 0xff}, Lease: lease}
	held := &mvccpb.KeyValue{Key: []byte("nightly/694d9f1101252006"), CreateRevision: 6, ModRevision: 6, Version: 1, Lease: lease}
	get := &pb.RangeResponse{Header: header(5), Kvs: []*mvccpb.KeyValue{mode, raw}, Count: 2}
	return map[string]printer.View{
		"etcdctl get":           view.Range{Pages: view.OnePage(get)},
		"etcdctl edit":          view.Put{PutResponse: &pb.PutResponse{Header: header(6)}},
		"etcdctl put":           view.Put{PutResponse: &pb.PutResponse{Header: header(6), PrevKv: mode}},
		"etcdctl del":           view.Delete{DeleteRangeResponse: &pb.DeleteRangeResponse{Header: header(6), Deleted: 1, PrevKvs: []*mvccpb.KeyValue{mode}}},
		"etcdctl del --dry-run": view.DeletePreview{Range: view.Range{Pages: view.OnePage(&pb.RangeResponse{Header: header(5), Kvs: []*mvccpb.KeyValue{{Key: mode.Key}}, More: true, Count: 2})}},
		"etcdctl txn": view.Txn{TxnResponse: &pb.TxnResponse{Header: header(6), Succeeded: true, Responses: []*pb.ResponseOp{
			{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{Header: &pb.ResponseHeader{Revision: 6}}}},
			{Response: &pb.ResponseOp_ResponseRange{ResponseRange: &pb.RangeResponse{Header: &pb.ResponseHeader{Revision: 6}, Kvs: []*mvccpb.KeyValue{mode}, Count: 1}}},
		}}},
		"etcdctl compaction": view.Facts{Line: "compacted revision 3", Known: []view.Fact{{Name: "compact_revision", Value: int64(3)}}},
		"etcdctl watch": view.Watch{WatchResponse: &pb.WatchResponse{Header: header(7), Events: []*mvccpb.Event{
			{Kv: mode}, {Type: mvccpb.DELETE, Kv: &mvccpb.KeyValue{Key: mode.Key, ModRevision: 7}, PrevKv: mode},
		}}},
		"etcdctl lease grant":      view.LeaseGrant{LeaseGrantResponse: &pb.LeaseGrantResponse{Header: header(6), ID: lease, TTL: 60}},
		"etcdctl lease revoke":     view.LeaseRevoke{ID: lease, LeaseRevokeResponse: &pb.LeaseRevokeResponse{Header: header(7)}},
		"etcdctl lease keep-alive": view.LeaseKeepAlive{LeaseKeepAliveResponse: &pb.LeaseKeepAliveResponse{Header: header(6), ID: lease, TTL: 60}},
		"etcdctl lease timetolive": view.LeaseTimeToLive{WithKeys: true, LeaseTimeToLiveResponse: &pb.LeaseTimeToLiveResponse{
			Header: header(6), ID: lease, TTL: 41, GrantedTTL: 60, Keys: [][]byte{raw.Key, {0xff}},
		}},
		"etcdctl lease list":  view.Leases{LeaseLeasesResponse: &pb.LeaseLeasesResponse{Header: header(6), Leases: []*pb.LeaseStatus{{ID: lease}, {ID: lease + 2}}}},
		"etcdctl lock":        view.Range{Pages: view.OnePage(&pb.RangeResponse{Header: header(6), Kvs: []*mvccpb.KeyValue{held}, Count: 1})},
		"etcdctl elect":       view.Range{Pages: view.OnePage(&pb.RangeResponse{Header: header(6), Kvs: []*mvccpb.KeyValue{held}, Count: 1})},
		"etcdctl make-mirror": view.Facts{Line: "1200", Known: []view.Fact{{Name: "changes", Value: int64(1200)}}},
	}
}

func clusterSamples() map[string]printer.View {
	const endpoint = "10.0.0.7:2379"
	m1 := &pb.Member{ID: member, Name: "m1", PeerURLs: []string{"http://10.0.0.7:2380"}, ClientURLs: []string{"http://10.0.0.7:2379"}}
	m2 := &pb.Member{ID: member + 1, PeerURLs: []string{"http://10.0.0.8:2380"}, IsLearner: true}
	noSpace := &pb.AlarmResponse{Header: header(6), Alarms: []*pb.AlarmMember{{MemberID: member, Alarm: pb.AlarmType_NOSPACE}}}
	downgrade := &pb.DowngradeResponse{Header: header(0), Version: "3.7.0"}
	members := func(m view.Membership) view.Members { return view.Members{Membership: m} }
	return map[string]printer.View{
		"etcdctl endpoint status": view.EndpointStatus{{Endpoint: endpoint, StatusResponse: &pb.StatusResponse{
			Header: header(6), Version: "3.7.3", DbSize: 20480, Leader: member, RaftIndex: 14, RaftTerm: 2, RaftAppliedIndex: 14,
			DbSizeInUse: 12288, StorageVersion: "3.7.0", DbSizeQuota: 2147483648, DowngradeInfo: &pb.DowngradeInfo{},
		}}},
		"etcdctl endpoint health": view.EndpointHealth{
			{Endpoint: endpoint, Asked: true, Took: 1500 * time.Microsecond},
			{Endpoint: "10.0.0.8:2379", Asked: true, Took: 5 * time.Second, Error: "context deadline exceeded"},
		},
		"etcdctl status": view.ClusterStatus{Revision: 6, Voters: 3, Up: 2, Quorum: 2, Alarms: []string{"NOSPACE: m1"}, Members: []view.MemberStatus{
			{Name: "m1", ID: member, Leader: true, Up: true, Version: "3.7.3", Size: 20480, InUse: 12288, Quota: 2147483648, Health: "ok"},
			{Name: "m3", ID: member + 1, Health: "down: http://10.0.0.9:2379: connection refused"},
		}, Next: []view.Finding{{Check: "nospace", Severity: "error", Members: []string{"m1"}, Evidence: "m1: 20 kB of 2.1 GB, 12 kB in use", Meaning: "The cluster accepts only reads and deletes.", Command: "etcdctl alarm disarm"}}},
		"etcdctl doctor": view.Diagnosis{Members: 3, Checks: 40, Errors: 1, Findings: []view.Finding{{
			Check: "member-down", Severity: "error", Members: []string{"m3"}, Evidence: "http://10.0.0.9:2379: connection refused; 2 of 3 voting members up, no other may fail",
			Meaning: "The member is stopped, unreachable from here, or hangs.", Command: "etcdctl endpoint health --endpoints http://10.0.0.9:2379",
		}}, Unchecked: []view.Unchecked{{What: "most of m3", Why: "no answer", Checks: []string{"clock-skew"}}}},
		"etcdctl check consistency": consistencySample(),
		"etcdctl member swap": view.Item{Line: "Member 8e9e05c52164694e promoted", Values: []view.Named{
			{Name: "step", V: "promote"}, {Name: "member_id", V: "8e9e05c52164694e"}, {Name: "text", V: "Member 8e9e05c52164694e promoted"}, {Name: "command", V: ""},
		}},
		"etcdctl doctor --list":     view.CheckList{{Name: "member-down", Severity: "error", Summary: "members that answer at none of their client URLs", Meaning: "The member is stopped, unreachable from here, or hangs."}},
		"etcdctl doctor --fix-plan": view.Plan{{Command: "etcdctl defrag --cluster --guard", For: []view.Finding{{Check: "fragmentation", Severity: "warning", Members: []string{"m1"}, Evidence: "105 MB, of which 63 MB (60%) can be given back", Meaning: "Free pages are reused.", Command: "etcdctl defrag --cluster"}}}},
		"etcdctl endpoint hashkv":   view.EndpointHashKV{{Endpoint: endpoint, HashKVResponse: &pb.HashKVResponse{Header: header(6), Hash: 1263800559, CompactRevision: 2, HashRevision: 6}}},
		"etcdctl member list":       view.MemberList{Members: members(&pb.MemberListResponse{Header: header(0), Members: []*pb.Member{m1, m2}})},
		"etcdctl member add":        view.MemberAdd{Members: members(&pb.MemberAddResponse{Header: header(0), Member: m2, Members: []*pb.Member{m1, m2}}), NewName: "m2"},
		"etcdctl member remove":     view.MemberRemove{Members: members(&pb.MemberRemoveResponse{Header: header(0), Members: []*pb.Member{m1}}), ID: m2.ID},
		"etcdctl member update":     view.MemberUpdate{Members: members(&pb.MemberUpdateResponse{Header: header(0), Members: []*pb.Member{m1}}), ID: m1.ID},
		"etcdctl member promote":    view.MemberPromote{Members: members(&pb.MemberPromoteResponse{Header: header(0), Members: []*pb.Member{m1}}), ID: m1.ID},
		"etcdctl alarm list":        view.Alarms{AlarmResponse: noSpace},
		"etcdctl alarm disarm":      view.Alarms{AlarmResponse: &pb.AlarmResponse{Alarms: noSpace.Alarms}},
		"etcdctl defrag":            view.Defrag{Endpoint: endpoint, Took: 7500 * time.Microsecond},
		"etcdctl alarm recover": view.Items{Member: "steps", All: []view.Item{{Values: []view.Named{
			{Name: "part", V: "result"}, {Name: "name", V: "m1"}, {Name: "bytes", V: view.Bytes(1212416)}, {Name: "of", V: view.Bytes(16777216)},
			{Name: "text", V: "m1: 1.2 MB of 17 MB, was 16 MB; the cluster accepts writes"},
		}}}},
		"etcdctl defrag --cluster --guard": view.Items{Member: "members", All: []view.Item{{Values: []view.Named{
			{Name: "member", V: "m1"}, {Name: "member_id", V: "8e9e05c52164694d"}, {Name: "role", V: "leader"}, {Name: "action", V: "defragmented"},
			{Name: "size", V: view.Bytes(104857600)}, {Name: "in_use", V: view.Bytes(41943040)}, {Name: "free_percent", V: int64(60)},
			{Name: "stall_ms", V: int64(850)}, {Name: "room", V: view.Bytes(41943040)}, {Name: "size_after", V: view.Bytes(41943040)},
			{Name: "took_ms", V: int64(412)}, {Name: "why", V: ""},
		}}}},
		"etcdctl move-leader":        view.MoveLeader{From: member, To: member + 1, MoveLeaderResponse: &pb.MoveLeaderResponse{}},
		"etcdctl downgrade validate": view.Downgrade{Action: "validate", DowngradeResponse: downgrade},
		"etcdctl downgrade enable":   view.Downgrade{Action: "enable", DowngradeResponse: downgrade},
		"etcdctl downgrade cancel":   view.Downgrade{Action: "cancel", DowngradeResponse: downgrade},
		"etcdctl check perf":         view.Line("PASS: Throughput is 150 writes/s"),
		"etcdctl check datascale":    view.Line("PASS: Approximate system memory used : 64.30 MB."),
	}
}

func authSamples() map[string]printer.View {
	ack := func(r view.Response) view.Ack { return view.Ack{Response: r} }
	perm := &authpb.Permission{PermType: authpb.READWRITE, Key: []byte("/app/"), RangeEnd: []byte("/app0")}
	role := view.RoleGet{Role: "app", AuthRoleGetResponse: &pb.AuthRoleGetResponse{Header: header(6), Perm: []*authpb.Permission{perm}}}
	return map[string]printer.View{
		"etcdctl auth enable":            view.Line("Authentication Enabled"),
		"etcdctl auth disable":           view.Line("Authentication Disabled"),
		"etcdctl auth status":            view.AuthStatus{AuthStatusResponse: &pb.AuthStatusResponse{Header: header(6), Enabled: true, AuthRevision: 9}},
		"etcdctl user add":               view.UserAdd{Ack: ack(&pb.AuthUserAddResponse{Header: header(6)}), User: "alice"},
		"etcdctl user delete":            view.UserDelete{Ack: ack(&pb.AuthUserDeleteResponse{Header: header(6)}), User: "alice"},
		"etcdctl user passwd":            view.UserPasswd{Ack: ack(&pb.AuthUserChangePasswordResponse{Header: header(6)}), User: "alice"},
		"etcdctl user grant-role":        view.UserGrantRole{Ack: ack(&pb.AuthUserGrantRoleResponse{Header: header(6)}), User: "alice", Role: "app"},
		"etcdctl user revoke-role":       view.UserRevokeRole{Ack: ack(&pb.AuthUserRevokeRoleResponse{Header: header(6)}), User: "alice", Role: "app"},
		"etcdctl user get":               view.UserGet{AuthUserGetResponse: &pb.AuthUserGetResponse{Header: header(6), Roles: []string{"app"}}, User: "alice"},
		"etcdctl user get --detail":      view.UserDetail{User: "alice", Roles: []view.RoleGet{role}},
		"etcdctl user list":              view.UserList{AuthUserListResponse: &pb.AuthUserListResponse{Header: header(6), Users: []string{"alice", "root"}}},
		"etcdctl role add":               view.RoleAdd{Ack: ack(&pb.AuthRoleAddResponse{Header: header(6)}), Role: "app"},
		"etcdctl role delete":            view.RoleDelete{Ack: ack(&pb.AuthRoleDeleteResponse{Header: header(6)}), Role: "app"},
		"etcdctl role grant-permission":  view.RoleGrantPermission{Ack: ack(&pb.AuthRoleGrantPermissionResponse{Header: header(6)}), Role: "app", Perm: perm},
		"etcdctl role revoke-permission": view.RoleRevokePermission{Ack: ack(&pb.AuthRoleRevokePermissionResponse{Header: header(6)}), Role: "app", Key: "/app/", End: "/app0"},
		"etcdctl role get":               role,
		"etcdctl role list":              view.RoleList{AuthRoleListResponse: &pb.AuthRoleListResponse{Header: header(6), Roles: []string{"app", "root"}}},
	}
}

func fileSamples() map[string]printer.View {
	status := view.SnapshotStatus{Hash: 4023406555, Revision: 6, TotalKey: 4, TotalRecords: 9, TotalSize: 20480, Version: "3.7.0"}
	return map[string]printer.View{
		"etcdctl bundle": view.Item{Line: "Bundle saved at etcd-bundle.tar.gz", Values: []view.Named{{Name: "path", V: "etcd-bundle.tar.gz"}}},
		"etcdctl report": view.Item{Line: "Report saved at etcd-report.html", Values: []view.Named{{Name: "path", V: "etcd-report.html"}}},
		"etcdctl snapshot save": view.Facts{Line: "Snapshot saved at backup.db\nServer version 3.7.0", Known: []view.Fact{
			{Name: "path", Value: "backup.db"}, {Name: "server_version", Value: "3.7.0"},
		}},
		"etcdctl snapshot status": status,
		"etcdutl snapshot status": status,
		"etcdutl wal dump": view.Items{Member: "entries", All: []view.Item{{Values: []view.Named{
			{Name: "index", V: int64(5)}, {Name: "term", V: int64(2)}, {Name: "committed", V: true}, {Name: "type", V: "normal"},
			{Name: "op", V: "put"}, {Name: "key", V: []byte("a")}, {Name: "range_end", V: []byte(nil)}, {Name: "value_size", V: view.Bytes(5)},
			{Name: "lease", V: ""}, {Name: "request", V: `put "a" (5 bytes)`},
		}}}},
		"etcdutl check upgrade": view.Diagnosis{Members: 1, Checks: 8, Errors: 1, Findings: []view.Finding{{
			Check: "v2-content", Severity: "error", Members: []string{"m1 (8e9e05c52164694d)"}, Evidence: "there are keys, users or roles of v2 clients in the WAL",
			Meaning: "From 3.6 on, a server does not start on keys of the v2 interface.", Command: "etcdutl v2 export --data-dir /var/lib/etcd",
		}}},
		"etcdutl recover": view.Parts{
			Facts: []view.Named{{Name: "chosen", V: "m1.etcd"}, {Name: "reason", V: "m1.etcd is chosen: no log ends later than its own (term 5, entry 1203)"}, {Name: "logs", V: int64(1)}, {Name: "voters", V: int64(3)}, {Name: "logs_needed", V: int64(2)}},
			Lists: []view.Items{
				{Member: "directories", All: []view.Item{{Values: []view.Named{
					{Name: "directory", V: "m1.etcd"}, {Name: "chosen", V: true}, {Name: "member", V: "m1"}, {Name: "member_id", V: "3ebc01aec68d6d70"}, {Name: "cluster_id", V: "cd11e86392339c47"},
					{Name: "term", V: int64(5)}, {Name: "last_term", V: int64(5)}, {Name: "last", V: int64(1203)}, {Name: "commit", V: int64(1201)}, {Name: "consistent_index", V: int64(1187)},
					{Name: "revision", V: int64(402)}, {Name: "uncommitted", V: int64(2)}, {Name: "error", V: ""},
				}}}},
				{Member: "made", All: []view.Item{{Values: []view.Named{
					{Name: "data_dir", V: "new"}, {Name: "name", V: "m1"}, {Name: "member_id", V: "a4d1f3c2709be655"}, {Name: "cluster_id", V: "e3c4d7a6f9c41a02"}, {Name: "revision", V: int64(1_000_000_402)}, {Name: "keys", V: int64(120)},
				}}}},
			},
		},
		"etcdutl hashkv": view.FileHashKV{Hash: 1263800559, Revision: 6, CompactRevision: 2},
		"etcdctl history": view.History{Versions: func(yield func(view.KeyVersion, error) bool) {
			_ = yield(view.KeyVersion{Event: &mvccpb.Event{Type: mvccpb.Event_DELETE, Kv: &mvccpb.KeyValue{Key: []byte("a"), ModRevision: 3}}}, nil) &&
				yield(view.KeyVersion{Event: &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: []byte("a"), Value: []byte("1"), CreateRevision: 2, ModRevision: 2, Version: 1}}}, nil)
		}},
		"etcdctl diff": view.Differences{All: func(yield func(view.Difference, error) bool) {
			older, newer := &mvccpb.KeyValue{Key: []byte("a"), Value: []byte("1"), CreateRevision: 2, ModRevision: 2, Version: 1}, &mvccpb.KeyValue{Key: []byte("a"), Value: []byte("2"), CreateRevision: 2, ModRevision: 3, Version: 2}
			_ = yield(view.Difference{Kind: "changed", Key: []byte("a"), Old: older, New: newer}, nil) &&
				yield(view.Difference{Kind: "removed", Key: []byte("b"), Old: older}, nil)
		}},
		"etcdctl diff --brief": view.DifferenceCounts{Added: 2, Removed: 1, Changed: 3},
		"etcdctl context list": view.Items{Member: "contexts", All: []view.Item{{Values: []view.Named{
			{Name: "name", V: "prod"}, {Name: "current", V: true}, {Name: "protected", V: true},
			{Name: "endpoints", V: "https://10.0.0.7:2379"}, {Name: "user", V: "app"}, {Name: "flags", V: []string{"endpoints", "user"}},
		}}}},
		"etcdctl context show": view.Items{Member: "settings", All: []view.Item{{Values: []view.Named{
			{Name: "name", V: "endpoints"}, {Name: "value", V: "https://10.0.0.7:2379"}, {Name: "origin", V: "context prod"},
		}}}},
		"etcdctl context test": view.Items{Member: "endpoints", All: []view.Item{{Values: []view.Named{
			{Name: "endpoint", V: "https://10.0.0.7:2379"}, {Name: "version", V: "3.7.3"}, {Name: "member_id", V: "8e9e05c52164694d"},
		}}}},
		"etcdutl serve": view.Serving{Path: "backup.db", Endpoint: "http://127.0.0.1:41233", Version: "3.7.3", Revision: 6, Keys: 4},
		"etcdutl snapshot verify": view.Verdicts{
			{File: "good.db", Revision: 6, Records: 9, Leases: 1, Members: 1},
			{File: "bad.db", Revision: 6, Records: 8, Members: 1, Faults: []view.Fault{
				{Kind: "order", Count: 1, Page: 7, Bucket: "key", Key: []byte{0, 1}, Detail: "key out of order"},
			}},
		},
	}
}

// backupSamples are the results of the backup commands.
func backupSamples() map[string]printer.View {
	const name = "20261130T021400Z-1234567-8d969eef"
	saved := view.Item{Values: []view.Named{
		{Name: "name", V: name}, {Name: "time", V: "2026-11-30T02:14:00Z"}, {Name: "revision", V: int64(1234567)},
		{Name: "keys", V: int64(4200)}, {Name: "size", V: view.Bytes(25960480)}, {Name: "stored_size", V: view.Bytes(6105411)},
		{Name: "server_version", V: "3.7.3"}, {Name: "encrypted", V: true}, {Name: "verified", V: "readback"}, {Name: "verified_at", V: "2026-11-30T02:14:02Z"},
		{Name: "compact_revision", V: int64(1230000)}, {Name: "hashkv", V: int64(1263800559)}, {Name: "leases", V: int64(12)},
		{Name: "cluster_id", V: "cdf818194e3a8c32"}, {Name: "member_id", V: "8e9e05c52164694d"}, {Name: "endpoint", V: "10.0.0.7:2379"},
		{Name: "damage", V: ""},
	}}
	return map[string]printer.View{
		"etcdctl backup save": saved,
		"etcdctl backup list": view.Items{Member: "backups", All: []view.Item{saved}},
		"etcdctl backup timeline": view.Items{Member: "timeline", All: []view.Item{{Values: []view.Named{
			{Name: "kind", V: "increment"}, {Name: "first_revision", V: int64(1234567)}, {Name: "last_revision", V: int64(1294567)},
			{Name: "from", V: "2026-11-30T02:14:05.000Z"}, {Name: "to", V: "2026-11-30T02:15:05.000Z"}, {Name: "records", V: int64(60210)},
			{Name: "records_per_minute", V: int64(60210)}, {Name: "leases", V: "polled"}, {Name: "size", V: view.Bytes(6105411)},
			{Name: "line", V: name}, {Name: "what", V: "increments/" + name + "/0000000001-0000000012.increment"},
		}}}},
		"etcdctl backup check": view.Item{Values: []view.Named{
			{Name: "verdict", V: view.VerdictOK}, {Name: "name", V: name}, {Name: "age_seconds", V: int64(3600)}, {Name: "size", V: view.Bytes(25960480)},
			{Name: "median_size", V: view.Bytes(25911328)}, {Name: "verified", V: "readback"}, {Name: "verified_at", V: "2026-11-30T02:14:02Z"},
		}},
		"etcdctl backup check --max-lag 1m": view.Item{Values: []view.Named{
			{Name: "verdict", V: view.VerdictOK}, {Name: "revision", V: int64(1234567)}, {Name: "lag_seconds", V: int64(3)},
		}},
		"etcdctl backup drill": view.Item{Values: []view.Named{
			{Name: "name", V: name}, {Name: "verdict", V: view.VerdictOK}, {Name: "server_version", V: "3.7.3"}, {Name: "revision", V: int64(1234567)},
			{Name: "compact_revision", V: int64(1230000)}, {Name: "hashkv", V: int64(1263800559)}, {Name: "keys", V: int64(4200)}, {Name: "leases", V: int64(12)},
			{Name: "auth_was_enabled", V: true}, {Name: "alarms_were_raised", V: false}, {Name: "took_seconds", V: int64(3)},
		}},
		"etcdctl backup prune": view.Items{Member: "backups", All: []view.Item{{Values: []view.Named{
			{Name: "name", V: name}, {Name: "action", V: "kept"}, {Name: "why", V: "newest verified, daily 2026-11-30"},
		}}}},
		"etcdctl backup copy": view.Items{Member: "backups", All: []view.Item{{Values: []view.Named{{Name: "name", V: name}, {Name: "action", V: "copied"}}}}},
		"etcdctl backup verify": view.Items{Member: "backups", All: []view.Item{{Values: []view.Named{
			{Name: "name", V: name}, {Name: "verdict", V: view.VerdictOK}, {Name: "how", V: "deep"}, {Name: "problem", V: ""},
		}}}},
	}
}

func bulkSamples() map[string]printer.View {
	usage := func(nodes ...view.Node) view.Usage {
		return view.Usage{Revision: func() int64 { return 6 }, Nodes: func(yield func(view.Node, error) bool) {
			for _, n := range nodes {
				if !yield(n, nil) {
					return
				}
			}
		}}
	}
	app := view.Node{Name: "/app/", Label: "/app/", Depth: 1, Dir: true, Keys: 2, Bytes: 23, Versions: 3}
	mode := view.Node{Name: "/app/mode", Label: "mode", Depth: 2, Keys: 1}
	return map[string]printer.View{
		"etcdctl import":      view.Import{Read: 100, Written: 97, Skipped: 2, Broken: 1},
		"etcdctl put --batch": view.Import{Read: 2, Written: 2},
		"etcdctl export":      view.Export{Path: "app.jsonl", Pairs: 97, Revision: 6},
		"etcdctl count":       view.Count{Range: view.Range{Pages: view.OnePage(&pb.RangeResponse{Header: header(6), Count: 97})}},
		"etcdctl ls": view.Children{Header: header(6), Children: func(yield func(view.Child, error) bool) {
			_ = yield(view.Child{Name: "/app/db/", Dir: true}, nil) && yield(view.Child{Name: "/app/mode"}, nil)
		}},
		"etcdctl tree": view.Tree{Usage: usage(view.Node{Name: "/app/", Label: "/app/", Depth: 1, Dir: true}, mode)},
		"etcdctl du":   usage(app, view.Node{Dir: true, Keys: 2, Bytes: 23, Versions: 3}),
		"etcdctl top":  usage(view.Node{Name: "/app/mode", Label: "/app/mode", Depth: 1, Keys: 1, Bytes: 13, Versions: 2}),
	}
}

// consistencySample is a comparison of three members, of which one has another value.
func consistencySample() printer.View {
	event := func(value string) *mvccpb.Event {
		return &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: []byte("/app/mode"), Value: []byte(value), ModRevision: 33, CreateRevision: 11, Version: 2}}
	}
	return read.Consistency(&consistency.Result{
		Revision: 41, Compacted: 21, Majority: true, Groups: [][]int{{0, 1}, {2}},
		Copies:      []consistency.Standing{{Name: "m1", Head: 41, Sum: 77}, {Name: "m2", Head: 42, Sum: 77}, {Name: "m3", Head: 41, Sum: 78, Group: 1}},
		Differences: []consistency.Difference{{Group: 1, Revision: 33, Changes: []consistency.Change{{First: event("live"), Other: event("lixe")}}}},
	}, "member", func([]string) (line, command string) {
		return "m3 differs from the majority: stop it, move its data directory away, and replace it:", "etcdctl member swap m3 --peer-urls http://10.0.0.9:2380"
	})
}
