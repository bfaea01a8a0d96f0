package datadir

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"etcdkit/snapshot"
	"etcdkit/snapshot/bolt"
)

// Names of etcd's buckets and keys (server/storage/schema, bucket.go).
const (
	alarmBucket   = "alarm"
	authBucket    = "auth"
	rolesBucket   = "authRoles"
	usersBucket   = "authUsers"
	clusterBucket = "cluster"
	leaseBucket   = "lease"
	membersBucket = "members"
	removedBucket = "members_removed"

	authEnabledKey     = "authEnabled"
	authRevisionKey    = "authRevision"
	clusterVersionKey  = "clusterVersion"
	confStateKey       = "confState"
	consistentIndexKey = "consistent_index"
	downgradeKey       = "downgrade"
	scheduledKey       = "scheduledCompactRev"
	termKey            = "term"
)

// store is all buckets but that of the keys, with what was written since.
type store struct {
	ctx     context.Context
	file    *snapshot.File
	written map[string]map[string][]byte // of each bucket; nil is deleted
}

func newStore(ctx context.Context, f *snapshot.File) *store {
	return &store{ctx: ctx, file: f, written: map[string]map[string][]byte{}}
}

// get returns the value of a key; ok is false if there is none.
func (s *store) get(bucket, key string) (_ []byte, ok bool, err error) {
	if v, ok := s.written[bucket][key]; ok {
		return v, v != nil, nil
	}
	b, ok, err := s.file.Bucket(s.ctx, bucket)
	if err != nil || !ok {
		return nil, false, err
	}
	c := b.CursorFrom(s.ctx, []byte(key))
	for c.Next() {
		switch order := bytes.Compare(c.Key(), []byte(key)); {
		case order == 0:
			return bytes.Clone(c.Value()), true, nil
		case order > 0:
			return nil, false, nil
		}
	}
	return nil, false, bolt.InBucket(c.Err(), bucket)
}

func (s *store) put(bucket, key string, value []byte) {
	if s.written[bucket] == nil {
		s.written[bucket] = map[string][]byte{}
	}
	if value == nil {
		value = []byte{}
	}
	s.written[bucket][key] = value
}

func (s *store) delete(bucket, key string) {
	s.put(bucket, key, nil)
	s.written[bucket][key] = nil
}

// each calls f for the elements of a bucket, in no order.
func (s *store) each(bucket string, f func(key string, value []byte) error) error {
	for k, v := range s.written[bucket] {
		if v == nil {
			continue
		}
		if err := f(k, v); err != nil {
			return err
		}
	}
	b, ok, err := s.file.Bucket(s.ctx, bucket)
	if err != nil || !ok {
		return err
	}
	c := b.Cursor(s.ctx)
	for c.Next() {
		if _, ok := s.written[bucket][string(c.Key())]; ok {
			continue
		}
		if err := f(string(c.Key()), bytes.Clone(c.Value())); err != nil {
			return err
		}
	}
	return bolt.InBucket(c.Err(), bucket)
}

// layer returns what was written.
func (s *store) layer() bolt.Layer {
	l := bolt.Layer{}
	for name, all := range s.written {
		for _, k := range slices.Sorted(maps.Keys(all)) {
			l[name] = append(l[name], bolt.Change{Key: []byte(k), Value: all[k], Deleted: all[k] == nil})
		}
	}
	return l
}
