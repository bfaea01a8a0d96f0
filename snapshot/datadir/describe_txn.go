package datadir

import (
	"fmt"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// valuesOf returns the size of all values that a transaction may put.
func valuesOf(t *pb.TxnRequest) int {
	n := 0
	for _, ops := range [][]*pb.RequestOp{t.Success, t.Failure} {
		for _, op := range ops {
			n += len(op.GetRequestPut().GetValue())
			if inner := op.GetRequestTxn(); inner != nil {
				n += valuesOf(inner)
			}
		}
	}
	return n
}

func txnText(t *pb.TxnRequest) string {
	s := "txn"
	for i, c := range t.Compare {
		word := " and "
		if i == 0 {
			word = " if "
		}
		s += word + compareText(c)
	}
	if len(t.Compare) > 0 {
		s += " then"
	}
	s += " " + opsText(t.Success)
	if len(t.Failure) > 0 {
		s += " else " + opsText(t.Failure)
	}
	return s
}

func compareText(c *pb.Compare) string {
	signs := map[pb.Compare_CompareResult]string{pb.Compare_EQUAL: "=", pb.Compare_GREATER: ">", pb.Compare_LESS: "<", pb.Compare_NOT_EQUAL: "!="}
	name, with := "unknown", "?"
	switch c.Target {
	case pb.Compare_VALUE:
		name, with = "value", fmt.Sprintf("(%d bytes)", len(c.GetValue()))
	case pb.Compare_VERSION:
		name, with = "version", fmt.Sprint(c.GetVersion())
	case pb.Compare_CREATE:
		name, with = "create", fmt.Sprint(c.GetCreateRevision())
	case pb.Compare_MOD:
		name, with = "mod", fmt.Sprint(c.GetModRevision())
	case pb.Compare_LEASE:
		name, with = "lease", fmt.Sprintf("%016x", uint64(c.GetLease()))
	}
	sign := signs[c.Result]
	if sign == "" {
		sign = "?"
	}
	return fmt.Sprintf("%s(%s) %s %s", name, spanText(c.Key, c.RangeEnd), sign, with)
}

func opsText(ops []*pb.RequestOp) string {
	var all []string
	for _, op := range ops {
		switch {
		case op.GetRequestPut() != nil:
			all = append(all, putText(op.GetRequestPut()))
		case op.GetRequestDeleteRange() != nil:
			r := op.GetRequestDeleteRange()
			all = append(all, "delete "+spanText(r.Key, r.RangeEnd))
		case op.GetRequestRange() != nil:
			r := op.GetRequestRange()
			all = append(all, "range "+spanText(r.Key, r.RangeEnd))
		case op.GetRequestTxn() != nil:
			all = append(all, "("+txnText(op.GetRequestTxn())+")")
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}
