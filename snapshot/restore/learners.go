package restore

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"

	"etcdkit/snapshot"
)

// keepLearners makes those members of the new cluster learners that were some
// in the old one, which the database at path still has.
func (b *builder) keepLearners(ctx context.Context, path string) error {
	old, err := oldLearners(ctx, path)
	if err != nil || len(old) == 0 {
		return err
	}
	members := b.cluster.Members()
	voters := 0
	for _, m := range members {
		m.IsLearner = slices.ContainsFunc(old, func(o membership.Member) bool {
			if o.Name != "" {
				return o.Name == m.Name
			}
			// One that never started has no name.
			return slices.Equal(slices.Sorted(slices.Values(o.PeerURLs)), slices.Sorted(slices.Values(m.PeerURLs)))
		})
		if !m.IsLearner {
			voters++
		}
	}
	if voters == 0 { // nobody could lead
		return nil
	}
	b.cluster = membership.NewClusterFromMembers(b.lg, b.cluster.ID(), members)
	return nil
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
