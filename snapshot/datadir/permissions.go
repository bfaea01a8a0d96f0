package datadir

import (
	"bytes"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/pkg/v3/adt"
)

// permissions are the ranges of keys that a user may read and write.
type permissions struct{ read, write adt.IntervalTree }

// openEnded reports whether the end of a range means no limit.
func openEnded(end []byte) bool { return len(end) == 1 && end[0] == 0 }

func interval(key, end []byte) adt.Interval {
	switch {
	case len(end) == 0:
		return adt.NewBytesAffinePoint(key)
	case openEnded(end):
		return adt.NewBytesAffineInterval(key, nil)
	}
	return adt.NewBytesAffineInterval(key, end)
}

func validRange(key, end []byte) bool {
	return len(key) > 0 && (len(end) == 0 || openEnded(end) || bytes.Compare(key, end) < 0)
}

// of returns the permissions of a user.
func (a *auth) of(u *authpb.User) (*permissions, error) {
	name := string(u.Name)
	if p := a.permissions[name]; p != nil {
		return p, nil
	}
	p := &permissions{adt.NewIntervalTree(), adt.NewIntervalTree()}
	for _, name := range u.Roles {
		role, ok, err := a.role(name)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for _, one := range role.KeyPermission {
			where := interval(one.Key, one.RangeEnd)
			if one.PermType != authpb.Permission_WRITE {
				p.read.Insert(where, struct{}{})
			}
			if one.PermType != authpb.Permission_READ {
				p.write.Insert(where, struct{}{})
			}
		}
	}
	a.permissions[name] = p
	return p, nil
}

// may reports whether the user of a request may use a range in a way.
func (a *auth) may(h *pb.RequestHeader, use authpb.Permission_Type, key, end []byte) (bool, error) {
	switch {
	case !a.enabled:
		return true, nil
	case h.GetAuthRevision() < a.revision: // also without a user, for which it is 0
		return false, nil
	}
	u, ok, err := a.user(h.GetUsername())
	if err != nil || !ok {
		return false, err
	}
	if hasRoot(u) {
		return true, nil
	}
	p, err := a.of(u)
	if err != nil {
		return false, err
	}
	tree := p.read
	if use == authpb.Permission_WRITE {
		tree = p.write
	}
	if len(end) == 0 {
		return tree.Intersects(adt.NewBytesAffinePoint(key)), nil
	}
	return tree.Contains(interval(key, end)), nil
}

// admin reports whether the user of a request may change users and roles.
func (a *auth) admin(h *pb.RequestHeader) (bool, error) {
	if !a.enabled {
		return true, nil
	}
	if h.GetUsername() == "" {
		return false, nil
	}
	u, ok, err := a.user(h.GetUsername())
	return ok && hasRoot(u), err
}

func needsAdmin(r *pb.InternalRaftRequest) bool {
	return r.AuthEnable != nil || r.AuthDisable != nil || r.AuthUserAdd != nil || r.AuthUserDelete != nil ||
		r.AuthUserChangePassword != nil || r.AuthUserGrantRole != nil || r.AuthUserRevokeRole != nil ||
		r.AuthRoleAdd != nil || r.AuthRoleGrantPermission != nil || r.AuthRoleRevokePermission != nil || r.AuthRoleDelete != nil
}

// mayPut reports whether the user of a request may put a key: also all other keys
// of its lease, and read it if the previous value is asked for.
func (a *applier) mayPut(h *pb.RequestHeader, r *pb.PutRequest) (bool, error) {
	if !a.auth.enabled {
		return true, nil
	}
	if ok, err := a.auth.may(h, authpb.Permission_WRITE, r.Key, nil); err != nil || !ok {
		return false, err
	}
	if ok, err := a.mayUseLease(h, r.Lease); err != nil || !ok {
		return false, err
	}
	if r.PrevKv {
		return a.auth.may(h, authpb.Permission_READ, r.Key, nil)
	}
	return true, nil
}

// mayUseLease reports whether the user of a request may write all keys of a lease.
func (a *applier) mayUseLease(h *pb.RequestHeader, id int64) (bool, error) {
	if id == 0 || !a.auth.enabled {
		return true, nil
	}
	if ok, err := a.auth.admin(h); err != nil || ok {
		return ok, err
	}
	for _, key := range a.leases.attached(id) {
		if ok, err := a.auth.may(h, authpb.Permission_WRITE, []byte(key), nil); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// mayDelete reports whether the user of a request may delete a range.
func (a *applier) mayDelete(h *pb.RequestHeader, r *pb.DeleteRangeRequest) (bool, error) {
	if ok, err := a.auth.may(h, authpb.Permission_WRITE, r.Key, r.RangeEnd); err != nil || !ok || !r.PrevKv {
		return ok, err
	}
	return a.auth.may(h, authpb.Permission_READ, r.Key, r.RangeEnd)
}

// mayTxn reports whether the user of a request may run all of a transaction, also
// the branch that is not taken.
func (a *applier) mayTxn(h *pb.RequestHeader, r *pb.TxnRequest) (bool, error) {
	if !a.auth.enabled {
		return true, nil
	}
	for _, c := range r.Compare {
		if ok, err := a.auth.may(h, authpb.Permission_READ, c.Key, c.RangeEnd); err != nil || !ok {
			return false, err
		}
	}
	for _, ops := range [][]*pb.RequestOp{r.Success, r.Failure} {
		for _, op := range ops {
			if ok, err := a.mayRun(h, op); err != nil || !ok {
				return false, err
			}
		}
	}
	return true, nil
}

func (a *applier) mayRun(h *pb.RequestHeader, op *pb.RequestOp) (bool, error) {
	switch {
	case op.GetRequestRange() != nil:
		return a.auth.may(h, authpb.Permission_READ, op.GetRequestRange().Key, op.GetRequestRange().RangeEnd)
	case op.GetRequestPut() != nil:
		return a.mayPut(h, op.GetRequestPut())
	case op.GetRequestDeleteRange() != nil:
		return a.mayDelete(h, op.GetRequestDeleteRange())
	case op.GetRequestTxn() != nil:
		return a.mayTxn(h, op.GetRequestTxn())
	}
	return true, nil
}
