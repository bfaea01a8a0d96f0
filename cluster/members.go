package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Limits for a list of members that is plausible: etcd's own documentation
// advises against more than seven.
const (
	maxMembers = 1000
	maxURLs    = 100 // of one member
)

// Targets returns the members with client URLs as targets, and their ids. A
// member that was never started has no URL and is left out. A list that no
// cluster can have is an error.
func Targets(members []*pb.Member) (targets []Target, ids []uint64, err error) {
	if len(members) > maxMembers {
		return nil, nil, fmt.Errorf("the server lists %d members, more than the %d that are believed: check that the endpoint is an etcd server",
			len(members), maxMembers)
	}
	for _, m := range members {
		switch n := len(m.GetClientURLs()); {
		case n > maxURLs:
			return nil, nil, fmt.Errorf("the server lists %d client URLs of member %x, more than the %d that are believed: check that the endpoint is an etcd server",
				n, m.GetID(), maxURLs)
		case n > 0:
			targets = append(targets, m.GetClientURLs())
			ids = append(ids, m.GetID())
		}
	}
	return targets, ids, nil
}

// Name is the member's name in messages: its name, or its id in hexadecimal if
// it has never been started.
func Name(m *pb.Member) string {
	if m.GetName() == "" {
		return strconv.FormatUint(m.GetID(), 16)
	}
	return m.GetName()
}

// Serializable asks an endpoint for the members of the cluster. The endpoint
// answers from its local state, without a quorum.
func Serializable(ctx context.Context, c *clientv3.Client, _ string) (*clientv3.MemberListResponse, error) {
	return c.MemberList(ctx, clientv3.WithSerializable())
}

// A List is who is in the cluster.
type List struct {
	*clientv3.MemberListResponse
	// Stale is why the list is one member's own instead of the quorum's. It is
	// nil for the quorum's.
	Stale error
}

// Members lists the members of the cluster. If the quorum does not answer
// within the timeout, the list is that of the member that does. An error is the
// quorum's, unexplained.
func Members(ctx context.Context, c clientv3.Cluster, timeout time.Duration) (List, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	resp, err := c.MemberList(limited)
	if err == nil {
		return List{MemberListResponse: resp}, nil
	}
	if ctx.Err() != nil || !leaderless(err) {
		return List{}, err
	}
	limited, cancel = context.WithTimeout(ctx, timeout)
	defer cancel()
	resp, failed := c.MemberList(limited, clientv3.WithSerializable())
	if failed != nil {
		return List{}, err
	}
	return List{MemberListResponse: resp, Stale: err}, nil
}

// leaderless reports whether err may come from a cluster without a leader.
func leaderless(err error) bool {
	return errors.Is(err, rpctypes.ErrNoLeader) || errors.Is(err, rpctypes.ErrLeaderChanged) ||
		errors.Is(err, rpctypes.ErrTimeout) || errors.Is(err, rpctypes.ErrTimeoutDueToLeaderFail) ||
		errors.Is(err, rpctypes.ErrTimeoutDueToConnectionLost) || errors.Is(err, context.DeadlineExceeded)
}

// Unavailable reports whether err says that a server can't be reached, or can't
// serve at the moment.
func Unavailable(err error) bool {
	var refusal rpctypes.EtcdError
	if errors.As(err, &refusal) {
		return refusal.Code() == codes.Unavailable
	}
	return errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.Unavailable
}
