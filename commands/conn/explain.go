package conn

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// mayHaveHappened is said of a write whose answer is missing.
	mayHaveHappened = "the write may have happened"
	// tooFew is why there is no leader.
	tooFew = "too few members are up, or they don't reach each other"
)

// leaderBound is how long a member that has not answered may take to say whether it has a leader.
const leaderBound = time.Second

// explained is an error with its cause. The words of the error come first.
type explained struct {
	error
	cause string
}

func (e *explained) Error() string { return e.error.Error() + ": " + e.cause }
func (e *explained) Unwrap() error { return e.error }

// Explain returns the error that a request of this client ended with, with its
// cause added in the same line: why no connection could be made, who has not
// answered, that a write may have happened although there is no answer. The
// words of err come first, and its exit code and all that it wraps stay. An
// error that there is nothing to add to is returned as it is.
//
// It speaks of the client's latest request, so a command calls it before it
// sends another one.
func (c *Client) Explain(err error) error {
	if done := (*explained)(nil); err == nil || errors.As(err, &done) {
		return err
	}
	if cause := c.cause(err); cause != "" {
		return &explained{err, cause}
	}
	return err
}

func (c *Client) cause(err error) string {
	err = refusal(rpctypes.Error(err)) // a stream's errors come as grpc has them
	last := c.calls.latest()
	unanswered := ""
	if last.write && last.to != nil {
		unanswered = mayHaveHappened
	}
	switch {
	case errors.Is(err, rpctypes.ErrUserEmpty) && c.user != "":
		return "authentication is enabled and the password is empty"
	case errors.Is(err, rpctypes.ErrUserEmpty):
		return "authentication is enabled, so --user is needed"
	case errors.Is(err, rpctypes.ErrNoSpace):
		return "the quota is used up; compaction, then defrag, then alarm disarm make room"
	case errors.Is(err, rpctypes.Error(rpctypes.ErrGRPCNotSupportedForLearner)):
		return "it is asked of a learner; name a voting member in --endpoints"
	case errors.Is(err, rpctypes.ErrNoLeader):
		return tooFew
	case last.text:
		return "names and passwords have to be UTF-8"
	case tooLarge(err) && last.large > c.upload:
		return "a larger --max-request-bytes sends it"
	case tooLarge(err) && !last.write:
		return "a larger --max-recv-bytes takes it"
	case status.Code(err) == codes.Unavailable && last.to == nil && !serverTimeout(err):
		return c.links.causes((*link).failure)
	case serverTimeout(err), status.Code(err) == codes.Unavailable:
		return unanswered
	case !timedOut(err):
		return ""
	case refused(last):
		return c.links.nameOf(last.to) + ": " + rpctypes.ErrorDesc(last.err)
	case last.to != nil:
		return joined(c.silence(c.links.nameOf(last.to)), unanswered)
	}
	if causes := c.links.causes((*link).cause); causes != "" {
		return causes
	}
	// Through a proxy only grpc knows more.
	if s, ok := status.FromError(last.err); ok && s.Message() != err.Error() {
		return s.Message()
	}
	return ""
}

// silence says of a member that it has not answered, and why if it is for a leader that it waits.
func (c *Client) silence(endpoint string) string {
	if c.leaderless(endpoint) {
		return endpoint + " has no leader: " + tooFew
	}
	return "no answer from " + endpoint
}

// leaderless tells whether a member has no leader: it then refuses a request that says that it needs one, before it looks who
// asks. It is asked on a connection of its own, without the login that takes a leader too.
func (c *Client) leaderless(endpoint string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), leaderBound)
	defer cancel()
	stranger, err := c.stranger.Dial(ctx, endpoint)
	if err != nil {
		return false
	}
	defer func() { _ = stranger.Close() }() // never fails
	_, err = pb.NewMaintenanceClient(stranger.ActiveConnection()).Status(clientv3.WithRequireLeader(ctx), &pb.StatusRequest{})
	return errors.Is(rpctypes.Error(err), rpctypes.ErrNoLeader)
}

// refusal returns the error that a server has refused a watch for, which it tells
// in words, or err where that is none.
func refusal(err error) error {
	if rpctypes.ErrorDesc(err) == rpctypes.ErrGRPCUserEmpty.Error() {
		return rpctypes.ErrUserEmpty
	}
	return err
}

// tooLarge tells whether a message has more bytes than one end of the connection
// takes.
func tooLarge(err error) bool {
	var refusal rpctypes.EtcdError
	return !errors.As(err, &refusal) && status.Code(err) == codes.ResourceExhausted
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}

// serverTimeout tells whether the server has given a request up that it had
// already passed on to the others.
func serverTimeout(err error) bool {
	return errors.Is(err, rpctypes.ErrTimeout) || errors.Is(err, rpctypes.ErrTimeoutDueToLeaderFail) ||
		errors.Is(err, rpctypes.ErrTimeoutDueToConnectionLost) || errors.Is(err, rpctypes.ErrTimeoutWaitAppliedIndex)
}

// nameOf returns the endpoint behind an address, as the user wrote it.
func (l *links) nameOf(a net.Addr) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.all {
		if k.remote == a.String() {
			return k.name
		}
	}
	return a.String()
}

// causes says for each endpoint why there is no connection to it, as of tells,
// each cause once. It is empty where there is a connection, or nothing was tried.
func (l *links) causes(of func(*link) string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var causes []string
	names := make(map[string][]string) // by cause
	for _, k := range l.all {
		if k.stage == ready {
			return ""
		}
		cause := of(k)
		if cause == "" {
			continue
		}
		if names[cause] == nil {
			causes = append(causes, cause)
		}
		names[cause] = append(names[cause], shown(k.name))
	}
	for i, cause := range causes {
		causes[i] = strings.Join(names[cause], ", ") + ": " + cause
	}
	return strings.Join(causes, "; ")
}

// shown quotes a name that would not be recognised as one.
func shown(name string) string {
	if q := strconv.Quote(name); name == "" || strings.Contains(name, " ") || q != `"`+name+`"` {
		return q
	}
	return name
}

// failure says why the last try has failed, "" where none has.
func (k *link) failure() string {
	if k.err == nil {
		return ""
	}
	return words(k.failed, k.err)
}

// cause says why the link is not ready by now, "" where it has not been tried.
// A try that goes on counts as well, so it is for when the time is up.
func (k *link) cause() string { return cmp.Or(k.failure(), waiting(k.stage)) }

// waiting says what a try that has not come further than a stage waited for.
func waiting(at stage) string {
	switch at {
	case dialling:
		return "timed out connecting"
	case securing:
		return "connected, but no answer to the TLS handshake"
	case greeting:
		return "connected, but no answer"
	}
	return ""
}

// words says in few words why a try failed at a stage.
func words(at stage, err error) string {
	var (
		lookup  *net.DNSError
		address *net.AddrError
		unknown x509.UnknownAuthorityError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		errno   syscall.Errno
		network *net.OpError
		timeout net.Error
	)
	switch {
	case errors.As(err, &lookup) && lookup.IsTimeout:
		return "timed out looking up the host"
	case errors.As(err, &lookup):
		return lookup.Err
	case errors.As(err, &address):
		return address.Err
	case errors.As(err, &unknown):
		return "x509: certificate signed by unknown authority" // its own words go on guessing
	case errors.As(err, &cert):
		return cert.Err.Error()
	case errors.As(err, &record):
		return "the server does not speak TLS: " + record.Msg
	case alert(err) != nil:
		return "the server refuses: " + alert(err).Error()
	case at == securing && closed(err):
		return "connection closed in the TLS handshake (is the server plain http?)"
	case at == greeting && closed(err):
		return "connection closed without an answer (does the server want https?)"
	case errors.As(err, &timeout) && timeout.Timeout():
		return waiting(at)
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &network):
		return network.Err.Error()
	}
	return err.Error()
}

// closed tells whether the other end has ended a connection.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// alert returns what the other end of a TLS connection has ended it with, or
// nil.
func alert(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "remote error" {
		return op.Err
	}
	return nil
}
