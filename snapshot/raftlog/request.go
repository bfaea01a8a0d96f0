package raftlog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/snapshot/internal/wire"
)

// Request is a request of the v2 interface, as an entry carries it
// (api/etcdserverpb, etcdserver.proto of 3.5; later releases know it no more).
type Request struct {
	Method, Path, Value string
	Dir                 bool
	PrevValue           string
	PrevIndex           uint64
	PrevExist           *bool
	Expiration          int64 // nanoseconds since 1970; 0 is never
	Recursive           bool
	Time                int64 // of SYNC, nanoseconds since 1970
	Refresh             bool
}

// errNotV2 says that a message is no request of v2.
var errNotV2 = errors.New("not a request of v2")

// requestMember is the field of an InternalRaftRequest that holds a request of
// v2.
const requestMember = 2

// The paths where servers up to 3.5 store the state of the cluster
// (server/etcdserver/api/membership, storev2.go; server/etcdserver, server.go).
const (
	clusterVersion = "/0/version"
	membersPrefix  = "/0/members/"
)

// ParseRequest returns the v2 request in the data of a normal entry, nil if it
// is a request of v3. Servers write a v2 request unwrapped; 3.5 would also read
// one inside an InternalRaftRequest.
func ParseRequest(data []byte) (*Request, error) {
	if r, err := parseRequest(data); err == nil {
		return r, nil
	}
	var inner []byte
	err := wire.Fields(data, func(f wire.Field) error {
		if f.Num == requestMember && f.Type == protowire.BytesType {
			inner = f.Bytes
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if inner == nil {
		return nil, nil
	}
	return parseRequest(inner)
}

func parseRequest(b []byte) (*Request, error) {
	r := &Request{}
	if err := wire.Fields(b, r.set); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"POST", "PUT", "DELETE", "QGET", "SYNC", "GET", "HEAD"}, r.Method) {
		return nil, fmt.Errorf("%w: method %.16q", errNotV2, r.Method)
	}
	return r, nil
}

// set sets a field. A field of the wrong type, or with an unknown number, means
// that the message is something else.
func (r *Request) set(f wire.Field) error {
	if f.Type == protowire.BytesType {
		return r.setText(f)
	}
	if f.Type != protowire.VarintType {
		return errNotV2
	}
	on := f.Varint != 0
	switch f.Num {
	case 5:
		r.Dir = on
	case 7:
		r.PrevIndex = f.Varint
	case 8:
		r.PrevExist = &on
	case 9:
		r.Expiration = int64(f.Varint)
	case 12:
		r.Recursive = on
	case 15:
		r.Time = int64(f.Varint)
	case 17:
		r.Refresh = on
	case 1, 10, 11, 13, 14, 16: // id, and fields that only readers use
	default:
		return errNotV2
	}
	return nil
}

func (r *Request) setText(f wire.Field) error {
	switch f.Num {
	case 2:
		r.Method = string(f.Bytes)
	case 3:
		r.Path = string(f.Bytes)
	case 4:
		r.Value = string(f.Bytes)
	case 6:
		r.PrevValue = string(f.Bytes)
	default:
		return errNotV2
	}
	return nil
}

// MemberAttributes reports whether the request is a server's own, about the
// name and the URLs of a member.
func (r *Request) MemberAttributes() bool {
	return r.Method == "PUT" && hasMemberAttributes(r.Path)
}

// hasMemberAttributes reports whether "/0/members/ID/attributes", the id in 1
// to 16 hexadecimal digits, occurs anywhere in a path: servers check no more.
func hasMemberAttributes(path string) bool {
	for {
		i := strings.Index(path, membersPrefix)
		if i < 0 {
			return false
		}
		rest := path[i+len(membersPrefix):]
		after := strings.TrimLeft(rest, "0123456789abcdefABCDEF")
		if n := len(rest) - len(after); n >= 1 && n <= 16 && strings.HasPrefix(after, "/attributes") {
			return true
		}
		path = path[i+1:]
	}
}

// ClusterVersion reports whether the request is a server's own, about the
// cluster's version.
func (r *Request) ClusterVersion() bool { return r.Method == "PUT" && r.Path == clusterVersion }

// OfClient reports whether a client has sent the request, and not a server.
func (r *Request) OfClient() bool { return !r.MemberAttributes() && !r.ClusterVersion() }
