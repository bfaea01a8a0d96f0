package conn

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// call is how a request ended.
type call struct {
	to    net.Addr // nil where no connection took the request
	write bool     // it asked for a change
	large int      // bytes of a request where it or its answer was too large, else 0
	text  bool     // a string of the request is not UTF-8
	err   error
}

// calls follows the requests of a client, below clientv3's retries.
type calls struct {
	failFast bool

	mu   sync.Mutex
	last call // of the requests that have ended
}

// unary implements grpc.UnaryClientInterceptor.
func (c *calls) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	var to peer.Peer
	err := invoke(ctx, method, req, reply, cc, c.options(opts, &to)...)
	last := call{to: to.Addr, write: writes(method, req), err: err}
	if m, ok := req.(proto.Message); ok && err != nil {
		last.measure(m)
	}
	return c.ended(last)
}

// stream implements grpc.StreamClientInterceptor. It is over when the stream
// has begun: what becomes of it is for its reader.
func (c *calls) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, begin grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	var to peer.Peer
	s, err := begin(ctx, desc, cc, method, c.options(opts, &to)...)
	return s, c.ended(call{to: to.Addr, err: err})
}

// measure notes what of the request m has made the call fail.
func (c *call) measure(m proto.Message) {
	if tooLarge(c.err) {
		c.large = proto.Size(m)
	}
	if status.Code(c.err) == codes.Internal {
		_, err := proto.Marshal(m) // only strings can fail
		c.text = err != nil
	}
}

func (c *calls) options(opts []grpc.CallOption, to *peer.Peer) []grpc.CallOption {
	opts = append(slices.Clip(opts), grpc.Peer(to))
	if c.failFast {
		opts = append(opts, grpc.WaitForReady(false))
	}
	return opts
}

// ended remembers how a request ended and returns the error for it. Failing
// fast, the one of a request that found no connection is not a status, so that
// clientv3 does not try again.
//
// clientv3 repeats a read until its time is up. The last try of it then says
// less than the one before, which a server has refused or not answered.
func (c *calls) ended(last call) error {
	c.mu.Lock()
	if last.write || !timedOut(last.err) || !refused(c.last) && (last.to != nil || !unheard(c.last)) {
		c.last = last
	}
	c.mu.Unlock()
	if c.failFast && last.to == nil && status.Code(last.err) == codes.Unavailable {
		return context.DeadlineExceeded
	}
	return last.err
}

// refused tells whether a server has answered that it can't take a request now.
func refused(c call) bool { return c.to != nil && status.Code(c.err) == codes.Unavailable }

// unheard tells whether a request has gone out and its time was up before an answer came.
func unheard(c call) bool { return c.to != nil && timedOut(c.err) }

// timedOut tells whether a request has ended by its deadline.
func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded
}

// latest returns how the request that ended last did.
func (c *calls) latest() call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// writes tells whether a request asks for a change in the cluster. What is not
// known to only read counts as a change.
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
