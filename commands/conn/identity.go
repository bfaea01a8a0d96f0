package conn

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// inquiry is how long a server may take to say more about a failure.
const inquiry = time.Second

// errDenied is the answer of servers of 3.5 to a denied snapshot.
var errDenied = errors.New("auth: permission denied")

// errNoSuchUser is the servers' answer to a certificate whose name is no user.
var errNoSuchUser = errors.New("auth: user not found")

// identity is who a client is to the servers.
type identity struct {
	user   string // who is logged in
	token  bool   // logged in with a token that the user gave
	common string // common name of the client's certificate, used if no user is logged in
	unused string // the flags that name no user, and why
	empty  bool   // the reason is a missing password
	prefix string // of the flags
}

// identify returns the user and how it logs in, or the certificate if no user
// is given. The flags begin with prefix; password is one of them.
func identify(who *clientv3.AuthConfig, cert, password, prefix string) identity {
	id := identity{common: commonName(cert), prefix: prefix}
	switch {
	case who == nil && password != "":
		id.unused = "--" + prefix + "password has no effect without --" + prefix + "user"
	case who == nil:
	case who.Token != "":
		id.token = true
	case who.Password == "":
		id.empty = true
		id.unused = fmt.Sprintf("the password of --%suser %s is empty, so etcdctl does not log in", prefix, plainText(who.Username))
	default:
		id.user = who.Username
	}
	return id
}

// commonName returns the common name of the certificate in a file, or "".
func commonName(file string) string {
	if file == "" {
		return ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "" // which has been an error already
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return ""
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return ""
	}
	return cert.Subject.CommonName
}

// name returns the name that the servers go by, or "".
func (id identity) name() string {
	if id.user == "" && !id.token {
		return id.common
	}
	return id.user
}

// String returns the identity for error messages: "" if there is none.
func (id identity) String() string {
	switch {
	case id.user != "":
		return "user " + strconv.Quote(id.user)
	case id.token:
		return "the user of --auth-jwt-token"
	case id.common != "":
		return "user " + strconv.Quote(id.common) + " of the client certificate"
	}
	return ""
}

// nobody describes a request without a user to servers that require one.
func (id identity) nobody() Failure {
	if id.empty {
		return Failure{cause: "authentication is enabled and the password is empty"}
	}
	return Failure{cause: "authentication is enabled, so --" + id.prefix + "user is needed", hint: id.unused}
}

// denied describes the denied user and request, and the roles of the user if
// known.
func (s *story) denied() Failure {
	who := s.who.String()
	if who == "" {
		return Failure{cause: s.who.unused}
	}
	if !errors.Is(s.err, rpctypes.ErrPermissionDenied) {
		return Failure{cause: who + " does not exist", hint: s.who.unused}
	}
	if s.roles != nil {
		roles := "no roles"
		if len(s.roles) > 0 {
			roles = "roles: " + strings.Join(quoted(s.roles), ", ")
		}
		who += " (" + roles + ")"
	}
	return Failure{cause: who + " may not " + deed(s.trace.method, s.trace.req), hint: s.who.unused}
}

// unknownUser reports whether the name of the client's certificate is no user. A
// request about a user gets the same answer for that one.
func (s *story) unknownUser() bool {
	switch s.trace.req.(type) {
	case *pb.AuthUserGetRequest, *pb.AuthUserDeleteRequest, *pb.AuthUserChangePasswordRequest,
		*pb.AuthUserGrantRoleRequest, *pb.AuthUserRevokeRoleRequest, *pb.AuthenticateRequest:
		return false
	}
	named := errors.Is(s.err, rpctypes.ErrUserNotFound) || rpctypes.ErrorDesc(s.err) == errNoSuchUser.Error()
	return named && s.who.user == "" && s.who.common != ""
}

// quoted quotes names where a terminal needs it.
func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = shown(name)
	}
	return out
}

// deed describes a request that was denied.
func deed(method string, req any) string {
	switch r := req.(type) {
	case *pb.PutRequest:
		deed := "write " + span(r.GetKey(), nil) + withPrevious(r)
		if r.GetLease() != 0 {
			deed += fmt.Sprintf(" with lease %016x, whose other keys have to be writable too", r.GetLease())
		}
		return deed
	case *pb.RangeRequest:
		return "read " + span(r.GetKey(), r.GetRangeEnd())
	case *pb.DeleteRangeRequest:
		return "delete " + span(r.GetKey(), r.GetRangeEnd()) + withPrevious(r)
	case *pb.TxnRequest:
		return txnDeed(r)
	case *pb.LeaseRevokeRequest:
		return fmt.Sprintf("revoke lease %016x, which has keys that this needs the right to write", r.GetID())
	case *pb.LeaseTimeToLiveRequest:
		return fmt.Sprintf("see the keys of lease %016x", r.GetID())
	case *pb.WatchCreateRequest:
		return "watch " + span(r.GetKey(), r.GetRangeEnd())
	}
	if method == "" {
		return "do this"
	}
	return "do this (" + methodName(method) + "): it needs the role root"
}

func withPrevious(r interface{ GetPrevKv() bool }) string {
	if r.GetPrevKv() {
		return ", or read what was there"
	}
	return ""
}

// mostDeeds is how many parts of a transaction are listed.
const mostDeeds = 4

// txnDeed lists the keys that a transaction reads and writes.
func txnDeed(r *pb.TxnRequest) string {
	var deeds []string
	add := func(deed string) {
		if !slices.Contains(deeds, deed) {
			deeds = append(deeds, deed)
		}
	}
	for _, c := range r.GetCompare() {
		add("read " + span(c.GetKey(), c.GetRangeEnd()))
	}
	for _, ops := range [][]*pb.RequestOp{r.GetSuccess(), r.GetFailure()} {
		for _, op := range ops {
			switch {
			case op.GetRequestPut() != nil:
				add("write " + span(op.GetRequestPut().GetKey(), nil))
			case op.GetRequestRange() != nil:
				add(deed("", op.GetRequestRange()))
			case op.GetRequestDeleteRange() != nil:
				add(deed("", op.GetRequestDeleteRange()))
			case op.GetRequestTxn() != nil:
				add(txnDeed(op.GetRequestTxn()))
			}
		}
	}
	if len(deeds) > mostDeeds {
		deeds = append(deeds[:mostDeeds], fmt.Sprintf("%d more", len(deeds)-mostDeeds))
	}
	if len(deeds) == 1 {
		return deeds[0]
	}
	return "do one of: " + strings.Join(deeds, ", ")
}

// span says which keys a range has.
func span(key, end []byte) string {
	switch {
	case len(end) == 0:
		return "key " + strconv.Quote(string(key))
	case string(end) == "\x00" && (len(key) == 0 || string(key) == "\x00"):
		return "all keys"
	case string(end) == "\x00":
		return "the keys from " + strconv.Quote(string(key)) + " on"
	case string(end) == clientv3.GetPrefixRangeEnd(string(key)):
		return "the keys with prefix " + strconv.Quote(string(key))
	}
	return fmt.Sprintf("the range [%q, %q)", key, end)
}
