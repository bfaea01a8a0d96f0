package consistency

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"google.golang.org/protobuf/proto"

	"etcdkit/keyspace"
)

// read compares copies after different compactions, whose hashes can't be
// compared: the keys at the latest of these compactions, and every event after it.
func (r *run) read(ctx context.Context) error {
	base, rev := r.result.Compacted, r.result.Revision
	for _, i := range r.live() {
		r.result.Copies[i].Sum = 0
	}
	if r.Say != nil {
		r.Say(fmt.Sprintf("the copies were compacted at different revisions, so hashes can't be compared: reading every key at revision %d and the history up to revision %d", base, rev))
	}
	r.result.Read = true
	digests := make([]uint64, len(r.copies))
	each(r.live(), func(i int) {
		digests[i], r.result.Copies[i].Err = digest(ctx, r.copies[i], base, rev)
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := r.enough(); err != nil {
		return err
	}
	r.group(func(i int) uint64 { return digests[i] })
	return r.differences(ctx, func(ctx context.Context, a, b Copy, d *Difference) error {
		if err := r.kept(ctx, a, b, d, base); err != nil || len(d.Changes) > 0 {
			return err
		}
		return r.events(ctx, a, b, d, base+1, rev)
	})
}

// digest is a hash of the keys of a copy at one revision and of its events up to
// another.
func digest(ctx context.Context, c Copy, base, rev int64) (uint64, error) {
	h := fnv.New64a()
	var buf []byte
	add := func(m proto.Message) (err error) {
		buf = binary.AppendUvarint(buf[:0], uint64(proto.Size(m)))
		buf, err = proto.MarshalOptions{Deterministic: true}.MarshalAppend(buf, m)
		_, _ = h.Write(buf) // never fails
		return err
	}
	all := keyspace.Prefix("")
	if base > 0 {
		all.Rev = base
		for page, err := range c.Pages(ctx, all) {
			if err != nil {
				return 0, err
			}
			for _, kv := range page.KVs {
				if err := add(kv); err != nil {
					return 0, err
				}
			}
		}
	}
	for e, err := range c.Events(ctx, base+1, rev, keyspace.Prefix("")) {
		if err != nil {
			return 0, err
		}
		if err := add(e); err != nil {
			return 0, err
		}
	}
	return h.Sum64(), nil
}
