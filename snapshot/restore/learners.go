package restore

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"

	"etcdkit/snapshot"
)

// keepLearners makes those members of the new cluster learners that were some
// in the old one, which the database at path still has. It returns the peer
// URLs of those that never started and are not found in the new cluster.
func (b *builder) keepLearners(ctx context.Context, path string) (unknown []string, err error) {
	old, err := oldLearners(ctx, path)
	if err != nil || len(old) == 0 {
		return nil, err
	}
	members := b.cluster.Members()
	for _, o := range old {
		found := false
		for _, m := range members {
			if sameMember(o, m) {
				m.IsLearner, found = true, true
			}
		}
		if !found && o.Name == "" {
			unknown = append(unknown, strings.Join(o.PeerURLs, ","))
		}
	}
	if !slices.ContainsFunc(members, func(m *membership.Member) bool { return !m.IsLearner }) {
		return unknown, nil // no member could become leader
	}
	b.cluster = membership.NewClusterFromMembers(b.lg, b.cluster.ID(), members)
	return unknown, nil
}

// sameMember compares by name, and by the URLs for a member that never started,
// which has no name.
func sameMember(old membership.Member, m *membership.Member) bool {
	if old.Name != "" {
		return old.Name == m.Name
	}
	return slices.Equal(slices.Sorted(slices.Values(old.PeerURLs)), slices.Sorted(slices.Values(m.PeerURLs)))
}

// oldLearners reads the members of the old cluster. One that cannot be decoded
// is replaced like all others, and does not matter.
func oldLearners(ctx context.Context, path string) (_ []membership.Member, err error) {
	f, err := snapshot.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	bucket, ok, err := f.Bucket(ctx, bucketMembers)
	if err != nil || !ok {
		return nil, err
	}
	var learners []membership.Member
	c := bucket.Cursor(ctx)
	for c.Next() {
		var m membership.Member
		if json.Unmarshal(c.Value(), &m) == nil && m.IsLearner {
			learners = append(learners, m)
		}
	}
	return learners, c.Err()
}
