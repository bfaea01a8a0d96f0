package datadir_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/membershippb"
)

// requests makes random requests, of which a server refuses some.
type requests struct {
	*rand.Rand
	rev  int64 // about the latest revision
	auth uint64
	puts int // of the transaction
}

func (r *requests) key() []byte { return fmt.Appendf(nil, "k%02d", r.IntN(12)) }

func (r *requests) end() []byte {
	switch r.IntN(4) {
	case 0:
		return []byte{0}
	case 1:
		return r.key()
	}
	return nil
}

func (r *requests) lease() int64 { return int64(1 + r.IntN(5)) }

func (r *requests) name(kind string) string {
	if r.IntN(5) == 0 {
		return "root"
	}
	return fmt.Sprintf("%s%d", kind, r.IntN(3))
}

func (r *requests) odds(of int) bool { return r.IntN(of) == 0 }

func (r *requests) put() *pb.PutRequest {
	p := &pb.PutRequest{Key: r.key(), Value: fmt.Appendf(nil, "v%d", r.IntN(4)), PrevKv: r.odds(4)}
	if r.odds(3) {
		p.Lease = r.lease()
	}
	if r.odds(6) {
		p.IgnoreValue, p.Value = true, nil
	}
	if r.odds(6) {
		p.IgnoreLease, p.Lease = true, 0
	}
	return p
}

func (r *requests) compare() *pb.Compare {
	c := &pb.Compare{Key: r.key(), Result: pb.Compare_CompareResult(r.IntN(4)), RangeEnd: r.end()}
	n := int64(r.IntN(4))
	switch r.IntN(5) {
	case 0:
		c.Target, c.TargetUnion = pb.Compare_VERSION, &pb.Compare_Version{Version: n}
	case 1:
		c.Target, c.TargetUnion = pb.Compare_CREATE, &pb.Compare_CreateRevision{CreateRevision: r.rev - 4*n}
	case 2:
		c.Target, c.TargetUnion = pb.Compare_MOD, &pb.Compare_ModRevision{ModRevision: r.rev - 4*n}
	case 3:
		c.Target, c.TargetUnion = pb.Compare_VALUE, &pb.Compare_Value{Value: fmt.Appendf(nil, "v%d", n)}
	case 4:
		c.Target, c.TargetUnion = pb.Compare_LEASE, &pb.Compare_Lease{Lease: n}
	}
	return c
}

// ops are operations as a server demands them of a client: a transaction puts a
// key once, and does not delete it.
func (r *requests) ops(depth int) []*pb.RequestOp {
	all := []*pb.RequestOp{}
	for range r.IntN(4) {
		switch r.IntN(5) {
		case 0, 1:
			if r.puts == 6 {
				continue
			}
			p := r.put()
			p.Key = fmt.Appendf(nil, "k%02d", r.puts)
			r.puts++
			all = append(all, &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: p}})
		case 2:
			d := &pb.DeleteRangeRequest{Key: fmt.Appendf(nil, "k%02d", 6+r.IntN(6)), RangeEnd: r.end()}
			all = append(all, &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: d}})
		case 3:
			get := &pb.RangeRequest{Key: r.key(), RangeEnd: r.end()}
			if r.odds(8) {
				get.Revision = r.rev + int64(r.IntN(3)) - 1
			}
			all = append(all, &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: get}})
		default:
			if depth > 0 {
				all = append(all, &pb.RequestOp{Request: &pb.RequestOp_RequestTxn{RequestTxn: r.branches(depth - 1)}})
			}
		}
	}
	return all
}

func (r *requests) txn() *pb.TxnRequest {
	r.puts = 0
	return r.branches(2)
}

func (r *requests) branches(depth int) *pb.TxnRequest {
	t := &pb.TxnRequest{Success: r.ops(depth), Failure: r.ops(depth)}
	for range r.IntN(3) {
		t.Compare = append(t.Compare, r.compare())
	}
	return t
}

func hashed(password string) string {
	return base64.StdEncoding.EncodeToString([]byte("hash of " + password))
}

// account is a request about users and roles.
func (r *requests) account() *pb.InternalRaftRequest {
	user, role := r.name("user"), r.name("role")
	switch r.IntN(12) {
	case 0:
		return &pb.InternalRaftRequest{AuthUserAdd: &pb.AuthUserAddRequest{Name: user, HashedPassword: hashed(role), Options: &authpb.UserAddOptions{NoPassword: r.odds(3)}}}
	case 1:
		return &pb.InternalRaftRequest{AuthUserDelete: &pb.AuthUserDeleteRequest{Name: user}}
	case 2:
		return &pb.InternalRaftRequest{AuthUserChangePassword: &pb.AuthUserChangePasswordRequest{Name: user, HashedPassword: hashed(user)}}
	case 3, 4:
		return &pb.InternalRaftRequest{AuthUserGrantRole: &pb.AuthUserGrantRoleRequest{User: user, Role: role}}
	case 5:
		return &pb.InternalRaftRequest{AuthUserRevokeRole: &pb.AuthUserRevokeRoleRequest{Name: user, Role: role}}
	case 6:
		return &pb.InternalRaftRequest{AuthRoleAdd: &pb.AuthRoleAddRequest{Name: role}}
	case 7:
		return &pb.InternalRaftRequest{AuthRoleDelete: &pb.AuthRoleDeleteRequest{Role: role}}
	case 8, 9:
		perm := &authpb.Permission{PermType: authpb.Permission_Type(r.IntN(3)), Key: r.key(), RangeEnd: r.end()}
		return &pb.InternalRaftRequest{AuthRoleGrantPermission: &pb.AuthRoleGrantPermissionRequest{Name: role, Perm: perm}}
	case 10:
		return &pb.InternalRaftRequest{AuthRoleRevokePermission: &pb.AuthRoleRevokePermissionRequest{Role: role, Key: r.key(), RangeEnd: r.end()}}
	}
	if r.odds(3) {
		return &pb.InternalRaftRequest{AuthDisable: &pb.AuthDisableRequest{}}
	}
	return &pb.InternalRaftRequest{AuthEnable: &pb.AuthEnableRequest{}}
}

// cluster is a request about the cluster itself, or an alarm.
func (r *requests) cluster() *pb.InternalRaftRequest {
	switch r.IntN(8) {
	case 0:
		return &pb.InternalRaftRequest{ClusterVersionSet: &membershippb.ClusterVersionSetRequest{Ver: "3.7.0"}}
	case 1:
		return &pb.InternalRaftRequest{ClusterMemberAttrSet: &membershippb.ClusterMemberAttrSetRequest{
			Member_ID: memberID, MemberAttributes: &membershippb.Attributes{Name: r.name("m"), ClientUrls: []string{"http://b:1"}}}}
	case 2:
		return &pb.InternalRaftRequest{DowngradeInfoSet: &membershippb.DowngradeInfoSetRequest{Enabled: r.odds(2), Ver: "3.6.0"}}
	case 3:
		return &pb.InternalRaftRequest{AuthStatus: &pb.AuthStatusRequest{}}
	case 4:
		return &pb.InternalRaftRequest{Alarm: &pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, MemberID: memberID, Alarm: pb.AlarmType(r.IntN(3))}}
	}
	return &pb.InternalRaftRequest{Alarm: &pb.AlarmRequest{Action: pb.AlarmRequest_DEACTIVATE, MemberID: memberID, Alarm: pb.AlarmType(r.IntN(3))}}
}

// next is the next request.
func (r *requests) next() *pb.InternalRaftRequest {
	var q *pb.InternalRaftRequest
	switch n := r.IntN(100); {
	case n < 30:
		q = &pb.InternalRaftRequest{Put: r.put()}
	case n < 40:
		q = &pb.InternalRaftRequest{DeleteRange: &pb.DeleteRangeRequest{Key: r.key(), RangeEnd: r.end(), PrevKv: r.odds(3)}}
	case n < 60:
		q = &pb.InternalRaftRequest{Txn: r.txn()}
	case n < 63:
		q = &pb.InternalRaftRequest{Compaction: &pb.CompactionRequest{Revision: max(1, r.rev-int64(r.IntN(6))+1)}}
	case n < 70:
		q = &pb.InternalRaftRequest{LeaseGrant: &pb.LeaseGrantRequest{ID: r.lease() - int64(r.IntN(2)), TTL: int64(r.IntN(100))}}
	case n < 74:
		q = &pb.InternalRaftRequest{LeaseRevoke: &pb.LeaseRevokeRequest{ID: r.lease()}}
	case n < 76:
		q = &pb.InternalRaftRequest{LeaseCheckpoint: &pb.LeaseCheckpointRequest{Checkpoints: []*pb.LeaseCheckpoint{{ID: r.lease(), Remaining_TTL: int64(r.IntN(50))}}}}
	case n < 95:
		q = r.account()
	default:
		q = r.cluster()
	}
	q.Header = &pb.RequestHeader{ID: 1, Username: r.name("user"), AuthRevision: r.auth}
	switch r.IntN(10) {
	case 0:
		q.Header.AuthRevision--
	case 1:
		q.Header = &pb.RequestHeader{ID: 1}
	}
	if r.odds(2) {
		q.Header.Username = "root"
	}
	return q
}
