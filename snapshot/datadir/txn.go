package datadir

import (
	"bytes"
	"cmp"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// txn applies a transaction.
func (a *applier) txn(h *pb.RequestHeader, r *pb.TxnRequest) error {
	if a.alarms.corrupt() || a.alarms.noSpace() && cost(r) > 0 {
		return nil
	}
	if ok, err := a.mayTxn(h, r); err != nil || !ok {
		return err
	}
	// All compares, those of nested transactions as well, see the keys as they
	// were before.
	path, err := a.decide(r)
	if err != nil {
		return err
	}
	if ok, err := a.accepts(path, topLevel); err != nil || !ok {
		return err
	}
	err = a.run(path)
	a.keys.write()
	return err
}

// cost is 0 if a transaction has no puts (server/storage, quota.go).
func cost(r *pb.TxnRequest) int {
	puts := 0
	for _, ops := range [][]*pb.RequestOp{r.Success, r.Failure} {
		for _, op := range ops {
			if op.GetRequestPut() != nil {
				puts++
			} else if t := op.GetRequestTxn(); t != nil {
				puts += cost(t)
			}
		}
	}
	return puts
}

// decided is the branch of a transaction that is taken. nested are those of its
// nested transactions, in their order.
type decided struct {
	ops    []*pb.RequestOp
	nested []decided
}

// decide evaluates the compares.
func (a *applier) decide(r *pb.TxnRequest) (decided, error) {
	d := decided{ops: r.Success}
	for _, c := range r.Compare {
		ok, err := a.holds(c)
		if err != nil {
			return d, err
		}
		if !ok {
			d.ops = r.Failure
			break
		}
	}
	for _, op := range d.ops {
		if t := op.GetRequestTxn(); t != nil {
			n, err := a.decide(t)
			if err != nil {
				return d, err
			}
			d.nested = append(d.nested, n)
		}
	}
	return d, nil
}

// holds reports whether a compare is true for all keys of its range. If there are
// none, it is evaluated for a key with zero in all fields, and that of a value is
// false.
func (a *applier) holds(c *pb.Compare) (bool, error) {
	all := a.keys.within(c.Key, c.RangeEnd)
	if len(all) == 0 {
		return c.Target != pb.Compare_VALUE && result(c, compare(c, &item{})), nil
	}
	for _, i := range all {
		order := 0
		if c.Target == pb.Compare_VALUE {
			value, err := a.keys.value(i)
			if err != nil {
				return false, err
			}
			order = bytes.Compare(value, c.GetValue())
		} else {
			order = compare(c, i)
		}
		if !result(c, order) {
			return false, nil
		}
	}
	return true, nil
}

// compare compares a number of a key.
func compare(c *pb.Compare, i *item) int {
	switch c.Target {
	case pb.Compare_CREATE:
		return cmp.Compare(i.create, c.GetCreateRevision())
	case pb.Compare_MOD:
		return cmp.Compare(i.rev.Main, c.GetModRevision())
	case pb.Compare_VERSION:
		return cmp.Compare(i.version, c.GetVersion())
	case pb.Compare_LEASE:
		return cmp.Compare(i.lease, c.GetLease())
	}
	return 0
}

func result(c *pb.Compare, order int) bool {
	switch c.Result {
	case pb.Compare_EQUAL:
		return order == 0
	case pb.Compare_NOT_EQUAL:
		return order != 0
	case pb.Compare_GREATER:
		return order > 0
	case pb.Compare_LESS:
		return order < 0
	}
	return true
}

// level is where in a transaction a branch is.
type level int

const (
	topLevel level = iota
	nested
)

// accepts reports whether the server accepts all operations of a branch, before
// it runs one.
func (a *applier) accepts(d decided, at level) (bool, error) {
	inner := d.nested
	for _, op := range d.ops {
		ok := true
		var err error
		switch {
		case op.GetRequestRange() != nil:
			ok, err = a.canRange(op.GetRequestRange(), at)
		case op.GetRequestPut() != nil:
			ok, err = a.canPut(op.GetRequestPut())
		case op.GetRequestTxn() != nil:
			ok, err = a.accepts(inner[0], nested)
			inner = inner[1:]
		}
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// canRange reports whether the revision of a range exists. 3.5 does not ask, when
// it restarts, at the top level of a transaction.
func (a *applier) canRange(r *pb.RangeRequest, at level) (bool, error) {
	if r.Revision <= 0 || r.Revision >= a.keys.compacted && r.Revision <= a.keys.rev {
		return true, nil
	}
	before36, err := a.before36()
	return at == topLevel && before36, err
}

// run runs the operations of a branch that is accepted.
func (a *applier) run(d decided) error {
	inner := d.nested
	for _, op := range d.ops {
		var err error
		switch {
		case op.GetRequestPut() != nil:
			err = a.write(op.GetRequestPut())
		case op.GetRequestDeleteRange() != nil:
			a.remove(op.GetRequestDeleteRange())
		case op.GetRequestTxn() != nil:
			err = a.run(inner[0])
			inner = inner[1:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}
