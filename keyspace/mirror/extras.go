package mirror

import (
	"bytes"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// extras finds the keys of the destination that the source lacks, by walking
// through both in step. The zero extras finds none.
type extras struct {
	next  func() ([]*mvccpb.KeyValue, error, bool) // the next part of the destination; nil if there is nothing to find
	extra func(*mvccpb.KeyValue) bool
	part  []*mvccpb.KeyValue
}

// before calls f with the extra keys before key, which the source has. Each
// call accepts a greater key; nil means the end of all keys.
func (x *extras) before(key []byte, f func(extra *mvccpb.KeyValue) error) error {
	for x.next != nil {
		if len(x.part) == 0 {
			part, err, ok := x.next()
			if !ok || err != nil {
				x.next = nil
				return err
			}
			x.part = part
		}
		kv, order := x.part[0], -1
		if key != nil {
			order = bytes.Compare(kv.GetKey(), key)
		}
		if order > 0 {
			return nil
		}
		x.part = x.part[1:]
		if order == 0 || !x.extra(kv) {
			continue
		}
		if err := f(kv); err != nil {
			return err
		}
	}
	return nil
}
