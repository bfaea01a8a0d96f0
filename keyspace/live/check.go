package live

import (
	"bytes"
	"errors"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/keyspace"
)

// ErrWrong is the error of an answer that no etcd server gives.
var ErrWrong = errors.New("unusable answer from the server")

// wrong returns an ErrWrong that describes the fault in an answer.
func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s; check that the endpoint is an etcd server", ErrWrong, fmt.Sprintf(format, args...))
}

// check reports an answer that cannot be the one to a request.
func check(r *pb.RangeRequest, resp *pb.RangeResponse) error {
	n, filtered := int64(len(resp.GetKvs())), hasFilter(r)
	if err := checkKeys(resp, string(r.GetKey()), string(r.GetRangeEnd())); err != nil {
		return err
	}
	if r.GetSortOrder() == pb.RangeRequest_NONE && r.GetSortTarget() == pb.RangeRequest_KEY {
		if err := checkOrder(resp, nil); err != nil {
			return err
		}
	}
	switch {
	case r.GetCountOnly() && n > 0:
		return wrong("%d keys sent when only their number was asked for", n)
	case resp.GetCount() < 0:
		return wrong("%d keys counted", resp.GetCount())
	case r.GetCountOnly():
		return nil
	case r.GetLimit() > 0 && n > r.GetLimit():
		return wrong("%d keys sent when %d were asked for", n, r.GetLimit())
	case resp.GetMore() && (r.GetLimit() <= 0 || n != r.GetLimit()):
		return wrong("%d keys sent, and said that there are more", n)
	case filtered && n > resp.GetCount(), !filtered && resp.GetMore() && n >= resp.GetCount(), !filtered && !resp.GetMore() && n != resp.GetCount():
		return wrong("%d keys counted, %d sent", resp.GetCount(), n)
	}
	return nil
}

func hasFilter(r *pb.RangeRequest) bool {
	return r.GetMinCreateRevision() != 0 || r.GetMaxCreateRevision() != 0 || r.GetMinModRevision() != 0 || r.GetMaxModRevision() != 0
}

// checkPart reports a part of a range stream that cannot follow the key last.
func checkPart(part *pb.RangeResponse, key, end string, last []byte) error {
	if len(part.GetKvs()) == 0 && part.GetHeader() == nil {
		return wrong("a part without keys that is not the last")
	}
	if err := checkKeys(part, key, end); err != nil {
		return err
	}
	return checkOrder(part, last)
}

// checkKeys reports keys outside of a range.
func checkKeys(resp *pb.RangeResponse, key, end string) error {
	for _, kv := range resp.GetKvs() {
		if !keyspace.Within(kv.GetKey(), key, end) {
			return wrong("key %q sent, which is outside of the range", kv.GetKey())
		}
	}
	return nil
}

// checkOrder reports keys that do not ascend from the key last.
func checkOrder(resp *pb.RangeResponse, last []byte) error {
	for _, kv := range resp.GetKvs() {
		if last != nil && bytes.Compare(kv.GetKey(), last) <= 0 {
			return wrong("key %q sent after %q", kv.GetKey(), last)
		}
		last = kv.GetKey()
	}
	return nil
}
