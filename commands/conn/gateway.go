package conn

import pb "go.etcd.io/etcd/api/v3/etcdserverpb"

// gatewayPath returns where etcd's JSON gateway serves a method, or "" where it
// does not.
//
// The paths are the google.api.http annotations of rpc.proto, each the first of
// its method: 3.5, 3.6 and 3.7 all serve it. (Some leases have a second one
// below /v3/kv.) Only RangeStream has none.
func gatewayPath(method string) string {
	for _, row := range gatewayPaths() {
		if row.method == method {
			return row.path
		}
	}
	return ""
}

// gatewayRow is the path of a method, whose name is gRPC's.
type gatewayRow struct{ method, path string }

func gatewayPaths() []gatewayRow {
	return []gatewayRow{
		{pb.KV_Range_FullMethodName, "/v3/kv/range"},
		{pb.KV_Put_FullMethodName, "/v3/kv/put"},
		{pb.KV_DeleteRange_FullMethodName, "/v3/kv/deleterange"},
		{pb.KV_Txn_FullMethodName, "/v3/kv/txn"},
		{pb.KV_Compact_FullMethodName, "/v3/kv/compaction"},

		{pb.Watch_Watch_FullMethodName, "/v3/watch"},

		{pb.Lease_LeaseGrant_FullMethodName, "/v3/lease/grant"},
		{pb.Lease_LeaseRevoke_FullMethodName, "/v3/lease/revoke"},
		{pb.Lease_LeaseKeepAlive_FullMethodName, "/v3/lease/keepalive"},
		{pb.Lease_LeaseTimeToLive_FullMethodName, "/v3/lease/timetolive"},
		{pb.Lease_LeaseLeases_FullMethodName, "/v3/lease/leases"},

		{pb.Cluster_MemberAdd_FullMethodName, "/v3/cluster/member/add"},
		{pb.Cluster_MemberRemove_FullMethodName, "/v3/cluster/member/remove"},
		{pb.Cluster_MemberUpdate_FullMethodName, "/v3/cluster/member/update"},
		{pb.Cluster_MemberList_FullMethodName, "/v3/cluster/member/list"},
		{pb.Cluster_MemberPromote_FullMethodName, "/v3/cluster/member/promote"},

		{pb.Maintenance_Alarm_FullMethodName, "/v3/maintenance/alarm"},
		{pb.Maintenance_Status_FullMethodName, "/v3/maintenance/status"},
		{pb.Maintenance_Defragment_FullMethodName, "/v3/maintenance/defragment"},
		{pb.Maintenance_Hash_FullMethodName, "/v3/maintenance/hash"},
		{pb.Maintenance_HashKV_FullMethodName, "/v3/maintenance/hashkv"},
		{pb.Maintenance_Snapshot_FullMethodName, "/v3/maintenance/snapshot"},
		{pb.Maintenance_MoveLeader_FullMethodName, "/v3/maintenance/transfer-leadership"},
		{pb.Maintenance_Downgrade_FullMethodName, "/v3/maintenance/downgrade"},

		{pb.Auth_AuthEnable_FullMethodName, "/v3/auth/enable"},
		{pb.Auth_AuthDisable_FullMethodName, "/v3/auth/disable"},
		{pb.Auth_AuthStatus_FullMethodName, "/v3/auth/status"},
		{pb.Auth_Authenticate_FullMethodName, "/v3/auth/authenticate"},
		{pb.Auth_UserAdd_FullMethodName, "/v3/auth/user/add"},
		{pb.Auth_UserGet_FullMethodName, "/v3/auth/user/get"},
		{pb.Auth_UserList_FullMethodName, "/v3/auth/user/list"},
		{pb.Auth_UserDelete_FullMethodName, "/v3/auth/user/delete"},
		{pb.Auth_UserChangePassword_FullMethodName, "/v3/auth/user/changepw"},
		{pb.Auth_UserGrantRole_FullMethodName, "/v3/auth/user/grant"},
		{pb.Auth_UserRevokeRole_FullMethodName, "/v3/auth/user/revoke"},
		{pb.Auth_RoleAdd_FullMethodName, "/v3/auth/role/add"},
		{pb.Auth_RoleGet_FullMethodName, "/v3/auth/role/get"},
		{pb.Auth_RoleList_FullMethodName, "/v3/auth/role/list"},
		{pb.Auth_RoleDelete_FullMethodName, "/v3/auth/role/delete"},
		{pb.Auth_RoleGrantPermission_FullMethodName, "/v3/auth/role/grant"},
		{pb.Auth_RoleRevokePermission_FullMethodName, "/v3/auth/role/revoke"},
	}
}
