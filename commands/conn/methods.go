package conn

import (
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// repeatable reports whether clientv3 repeats the requests of a method.
func repeatable(method string) bool {
	switch method {
	case pb.KV_Range_FullMethodName, pb.Cluster_MemberList_FullMethodName,
		pb.Lease_LeaseGrant_FullMethodName, pb.Lease_LeaseRevoke_FullMethodName,
		pb.Lease_LeaseTimeToLive_FullMethodName, pb.Lease_LeaseLeases_FullMethodName,
		pb.Maintenance_Alarm_FullMethodName, pb.Maintenance_Status_FullMethodName, pb.Maintenance_Hash_FullMethodName,
		pb.Maintenance_HashKV_FullMethodName, pb.Maintenance_MoveLeader_FullMethodName,
		pb.Auth_UserGet_FullMethodName, pb.Auth_UserList_FullMethodName,
		pb.Auth_RoleGet_FullMethodName, pb.Auth_RoleList_FullMethodName:
		return true
	}
	return false
}

// needsLeader reports whether a member passes a request on to the leader.
func needsLeader(method string, req any) bool {
	switch method {
	case pb.Maintenance_Status_FullMethodName, pb.Maintenance_Hash_FullMethodName, pb.Maintenance_HashKV_FullMethodName,
		pb.Maintenance_Defragment_FullMethodName, pb.Maintenance_MoveLeader_FullMethodName, pb.Lease_LeaseLeases_FullMethodName:
		return false
	}
	switch r := req.(type) {
	case *pb.RangeRequest:
		return !r.GetSerializable()
	case *pb.MemberListRequest:
		return r.GetLinearizable()
	case *pb.TxnRequest:
		return slices.ContainsFunc(slices.Concat(r.GetSuccess(), r.GetFailure()), func(op *pb.RequestOp) bool {
			return op.GetRequestRange() == nil || !op.GetRequestRange().GetSerializable()
		})
	}
	return true
}

// writes reports whether a request asks for a change in the cluster. A method
// that is not known to only read counts as a change.
func writes(method string, req any) bool {
	switch method {
	case pb.KV_Range_FullMethodName, pb.Cluster_MemberList_FullMethodName,
		pb.Lease_LeaseTimeToLive_FullMethodName, pb.Lease_LeaseLeases_FullMethodName,
		pb.Maintenance_Status_FullMethodName, pb.Maintenance_Hash_FullMethodName, pb.Maintenance_HashKV_FullMethodName,
		pb.Auth_Authenticate_FullMethodName, pb.Auth_AuthStatus_FullMethodName,
		pb.Auth_UserGet_FullMethodName, pb.Auth_UserList_FullMethodName,
		pb.Auth_RoleGet_FullMethodName, pb.Auth_RoleList_FullMethodName:
		return false
	}
	switch r := req.(type) {
	case *pb.TxnRequest:
		return slices.ContainsFunc(slices.Concat(r.GetSuccess(), r.GetFailure()), opWrites)
	case *pb.AlarmRequest:
		return r.GetAction() != pb.AlarmRequest_GET
	case *pb.DowngradeRequest:
		return r.GetAction() != pb.DowngradeRequest_VALIDATE
	}
	return true
}

func opWrites(op *pb.RequestOp) bool {
	if t := op.GetRequestTxn(); t != nil {
		return writes(pb.KV_Txn_FullMethodName, t)
	}
	return op.GetRequestRange() == nil
}
