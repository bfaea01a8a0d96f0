package mirror

import (
	"context"
	"maps"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

func (e *etcd) LeaseGrant(_ context.Context, r *pb.LeaseGrantRequest) (*pb.LeaseGrantResponse, error) {
	if err := e.request("grant"); err != nil {
		return nil, err
	}
	return &pb.LeaseGrantResponse{Header: &pb.ResponseHeader{}, ID: e.grant(r.TTL), TTL: r.TTL}, nil
}

// grant makes a lease of so many seconds.
func (e *etcd) grant(ttl int64) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.nextLease++
	id := e.nextLease
	for_ := time.Duration(ttl) * time.Second
	e.leases[id] = &heldLease{ttl: ttl, until: time.Now().Add(for_), timer: time.AfterFunc(for_, func() { e.end(id) })}
	return id
}

// end ends a lease, and its keys with it.
func (e *etcd) end(id int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.leases[id] == nil {
		return
	}
	e.leases[id].timer.Stop()
	delete(e.leases, id)
	var ops []*pb.RequestOp
	for k, kv := range e.at(e.rev) {
		if kv.Lease == id {
			ops = append(ops, &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte(k)}}})
		}
	}
	if len(ops) == 0 {
		return
	}
	if err := e.write(ops); err != nil {
		panic(err)
	}
}

// renew renews a lease and returns its TTL, 0 if it has ended.
func (e *etcd) renew(id int64) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.leases[id]
	if l == nil {
		return 0
	}
	l.until = time.Now().Add(time.Duration(l.ttl) * time.Second)
	l.timer.Reset(time.Duration(l.ttl) * time.Second)
	return l.ttl
}

func (e *etcd) LeaseKeepAlive(s pb.Lease_LeaseKeepAliveServer) error {
	for {
		r, err := s.Recv()
		if err != nil {
			return nil // the client has gone
		}
		if err := e.request("keepalive"); err != nil {
			return err
		}
		if err := s.Send(&pb.LeaseKeepAliveResponse{Header: &pb.ResponseHeader{}, ID: r.ID, TTL: e.renew(r.ID)}); err != nil {
			return err
		}
	}
}

// LeaseTimeToLive rounds down, as etcd does.
func (e *etcd) LeaseTimeToLive(_ context.Context, r *pb.LeaseTimeToLiveRequest) (*pb.LeaseTimeToLiveResponse, error) {
	op := "ttl"
	if r.Keys {
		op = "keys"
	}
	if err := e.request(op); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	resp := &pb.LeaseTimeToLiveResponse{Header: e.header(), ID: r.ID, TTL: -1}
	l := e.leases[r.ID]
	if l == nil {
		return resp, nil
	}
	resp.TTL, resp.GrantedTTL = int64(time.Until(l.until).Seconds()), l.ttl
	kvs := e.at(e.rev)
	for _, k := range slices.Sorted(maps.Keys(kvs)) {
		if r.Keys && kvs[k].Lease == r.ID {
			resp.Keys = append(resp.Keys, []byte(k))
		}
	}
	return resp, nil
}

func (e *etcd) LeaseRevoke(_ context.Context, r *pb.LeaseRevokeRequest) (*pb.LeaseRevokeResponse, error) {
	e.mu.Lock()
	known := e.leases[r.ID] != nil
	e.mu.Unlock()
	if !known {
		return nil, rpctypes.ErrGRPCLeaseNotFound
	}
	e.end(r.ID)
	return &pb.LeaseRevokeResponse{Header: &pb.ResponseHeader{}}, nil
}
