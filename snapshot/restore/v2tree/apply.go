package v2tree

import (
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-semver/semver"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot/raftlog"
)

// maxDepth bounds the levels of a key: the server could not read a deeper tree
// from its own snapshot, for encoding/json stops at 10000.
const maxDepth = 4000

// replay applies entries as a server of 3.5 does (server/etcdserver,
// server.go: applyEntryNormal; apply_v2.go).
type replay struct {
	store v2store.Store
	lg    *zap.Logger
}

// logger is one that ends no process.
func logger() *zap.Logger {
	return zap.NewNop().WithOptions(zap.WithFatalHook(zapcore.WriteThenPanic))
}

func (r *replay) apply(e raftlog.Entry) error {
	switch {
	case len(e.Data) == 0: // of a new leader
		return nil
	case e.Type == raftlog.EntryNormal:
		return recovered(func() error { return r.normal(e.Data) })
	case e.Type == raftlog.EntryConfChange:
		return recovered(func() error { return r.confChange(e.Data) })
	}
	return fmt.Errorf("an entry of type %d", e.Type)
}

func (r *replay) normal(data []byte) error {
	v2, err := raftlog.ParseRequest(data)
	if err != nil {
		return err
	}
	if v2 != nil {
		return r.request(v2)
	}
	var v3 etcdserverpb.InternalRaftRequest
	if err := proto.Unmarshal(data, &v3); err != nil {
		return err
	}
	switch {
	case v3.ClusterVersionSet != nil:
		return r.version(v3.ClusterVersionSet.Ver)
	case v3.ClusterMemberAttrSet != nil:
		set := v3.ClusterMemberAttrSet
		r.attributes(types.ID(set.Member_ID), membership.Attributes{
			Name: set.GetMemberAttributes().GetName(), ClientURLs: set.GetMemberAttributes().GetClientUrls(),
		})
	}
	return nil
}

// request applies a request of v2. That the store refuses it is an answer to
// the client, and no error here.
func (r *replay) request(q *raftlog.Request) error {
	if n := strings.Count(q.Path, "/"); n > maxDepth {
		return fmt.Errorf("a key of %d levels", n)
	}
	switch q.Method {
	case "PUT":
		return r.put(q)
	case "POST":
		_, _ = r.store.Create(q.Path, q.Dir, q.Value, true, ttl(q))
	case "DELETE":
		if q.PrevIndex > 0 || q.PrevValue != "" {
			_, _ = r.store.CompareAndDelete(q.Path, q.PrevValue, q.PrevIndex)
		} else {
			_, _ = r.store.Delete(q.Path, q.Dir, q.Recursive)
		}
	case "SYNC":
		r.store.DeleteExpiredKeys(time.Unix(0, q.Time))
	}
	return nil
}

func (r *replay) put(q *raftlog.Request) error {
	compare := q.PrevIndex > 0 || q.PrevValue != ""
	switch {
	case q.PrevExist != nil && !*q.PrevExist:
		_, _ = r.store.Create(q.Path, q.Dir, q.Value, false, ttl(q))
	case compare:
		_, _ = r.store.CompareAndSwap(q.Path, q.PrevValue, q.PrevIndex, q.Value, ttl(q))
	case q.PrevExist != nil:
		_, _ = r.store.Update(q.Path, q.Value, ttl(q))
	case q.MemberAttributes():
		return r.attributesAt(q.Path, q.Value)
	case q.ClusterVersion():
		return r.version(q.Value)
	default:
		_, _ = r.store.Set(q.Path, q.Dir, q.Value, ttl(q))
	}
	return nil
}

func ttl(q *raftlog.Request) v2store.TTLOptionSet {
	o := v2store.TTLOptionSet{Refresh: q.Refresh}
	if q.Expiration != 0 {
		o.ExpireTime = time.Unix(0, q.Expiration)
	}
	return o
}

// version notes the version of the cluster.
func (r *replay) version(text string) error {
	v, err := semver.NewVersion(text)
	if err != nil {
		return fmt.Errorf("cluster version %q: %w", text, err)
	}
	_, _ = r.store.Set(membership.StoreClusterVersionKey(), false, v.String(), v2store.TTLOptionSet{})
	return nil
}
