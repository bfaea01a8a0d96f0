package consistency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/keyspace"
	"etcdkit/keyspace/diff"
)

// Difference is where the copies of one group first differ from those of the
// first group.
type Difference struct {
	Group    int
	Revision int64 // the first that differs
	// Kept says that what the compaction at Revision has kept differs: it was
	// written at that revision or before.
	Kept    bool
	Changes []Change // the first of them; none if nothing that can be read differs
	More    int      // how many further ones there are
	Same    int      // how many events of the revision are the same in both
	Err     error    // why the revision or its changes could not be found
}

// Change is an event, or a key, that differs. A side that lacks it is nil.
type Change struct{ First, Other *mvccpb.Event }

// maxChanges is how many changes of a difference are named.
const maxChanges = 20

// add adds a change, if it is one of the first.
func (d *Difference) add(c Change) {
	if len(d.Changes) < maxChanges {
		d.Changes = append(d.Changes, c)
	} else {
		d.More++
	}
}

// kept finds the keys that differ at the last compaction.
func (r *run) kept(ctx context.Context, a, b Copy, d *Difference, base int64) error {
	d.Revision, d.Kept = base, true
	if base < 1 { // never compacted, so nothing is from before
		return nil
	}
	if r.Say != nil {
		r.Say(fmt.Sprintf("%s and %s differ in what was written up to the last compaction, at revision %d; reading all keys at that revision", a.Name, b.Name, base))
	}
	same := func(x, y *mvccpb.KeyValue) bool { return proto.Equal(x, y) }
	for c, err := range diff.By(ctx, diff.Side{Source: a, Rev: base}, diff.Side{Source: b, Rev: base}, same) {
		if err != nil {
			return moved(err)
		}
		d.add(Change{put(c.Old), put(c.New)})
	}
	return nil
}

func put(kv *mvccpb.KeyValue) *mvccpb.Event {
	if kv == nil {
		return nil
	}
	return &mvccpb.Event{Kv: kv}
}

// moved returns errMoved in place of the error of a revision that was compacted.
func moved(err error) error {
	if errors.Is(err, ErrCompacted) {
		return errMoved
	}
	return err
}

// events finds the first of some revisions whose events differ. Without one, d
// has no changes.
func (r *run) events(ctx context.Context, a, b Copy, d *Difference, from, to int64) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	x, y := pullEvents(a.Events(ctx, from, to, keyspace.Prefix(""))), pullEvents(b.Events(ctx, from, to, keyspace.Prefix("")))
	defer x.stop()
	defer y.stop()
	for {
		first, other := x.transaction(), y.transaction()
		switch {
		case x.err != nil || y.err != nil:
			return moved(errors.Join(x.err, y.err))
		case first == nil && other == nil:
			return nil
		case same(first, other):
			continue
		}
		d.Kept, d.Revision = false, revision(first, other)
		if len(first) > 0 && first[0].GetKv().GetModRevision() != d.Revision {
			first = nil
		}
		if len(other) > 0 && other[0].GetKv().GetModRevision() != d.Revision {
			other = nil
		}
		d.match(first, other)
		return nil
	}
}

// revision returns the earlier revision of two transactions, of which one may be
// empty.
func revision(a, b []*mvccpb.Event) int64 {
	rev := int64(0)
	for _, one := range [][]*mvccpb.Event{a, b} {
		if len(one) > 0 && (rev == 0 || one[0].GetKv().GetModRevision() < rev) {
			rev = one[0].GetKv().GetModRevision()
		}
	}
	return rev
}

// same reports whether two transactions are the same.
func same(a, b []*mvccpb.Event) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !proto.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// match adds the events of two transactions that differ, by key.
func (d *Difference) match(first, other []*mvccpb.Event) {
	used := make([]bool, len(other))
	for _, e := range first {
		c := Change{First: e}
		for i, o := range other {
			if !used[i] && bytes.Equal(o.GetKv().GetKey(), e.GetKv().GetKey()) {
				used[i], c.Other = true, o
				break
			}
		}
		if c.Other != nil && proto.Equal(e, c.Other) {
			d.Same++
			continue
		}
		d.add(c)
	}
	for i, o := range other {
		if !used[i] {
			d.add(Change{Other: o})
		}
	}
	if len(d.Changes) == 0 && len(first) > 0 { // the same events in another order
		d.Same--
		d.add(Change{First: first[0], Other: other[0]})
	}
}

// puller reads events a transaction at a time.
type puller struct {
	pull func() (*mvccpb.Event, error, bool)
	stop func()
	next *mvccpb.Event // the first of the next transaction
	err  error
	done bool
}

func pullEvents(all iter.Seq2[*mvccpb.Event, error]) *puller {
	p := &puller{}
	p.pull, p.stop = iter.Pull2(all)
	p.advance()
	return p
}

func (p *puller) advance() {
	e, err, ok := p.pull()
	if p.next = e; !ok || err != nil {
		p.next, p.err, p.done = nil, err, true
	}
}

// transaction returns the events of the next revision, nil after the last.
func (p *puller) transaction() []*mvccpb.Event {
	if p.next == nil {
		return nil
	}
	all := []*mvccpb.Event{p.next}
	for p.advance(); p.next != nil && p.next.GetKv().GetModRevision() == all[0].GetKv().GetModRevision(); p.advance() {
		all = append(all, p.next)
	}
	return all
}
