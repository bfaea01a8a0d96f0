package conn

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// failure says why the last try has failed, "" if none has.
func (k *connection) failure() string {
	if k.err == nil {
		return ""
	}
	return plainText(words(k.failed, k.err))
}

// cause says why the connection is not ready by now, "" if it was not tried. A
// try that is still under way counts as well, so it is for when the time is up.
func (k *connection) cause() string { return cmp.Or(k.failure(), waiting(k.stage)) }

// waiting names the step that an attempt was waiting for in its last stage.
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

// diagnosis describes one kind of connection failure.
type diagnosis struct {
	holds     func(at stage, err error) bool
	says      func(at stage, err error) string
	permanent bool // waiting does not change it
}

// diagnoses lists the kinds of failure, the more specific ones first.
func diagnoses() []diagnosis {
	return []diagnosis{
		{is[*proxyError], func(_ stage, err error) string { return as[*proxyError](err).Error() }, false}, // see permanent
		{is[ownFinding], func(_ stage, err error) string { return as[ownFinding](err).Error() }, true},
		{isLookup(func(e *net.DNSError) bool { return e.IsTimeout }), always("timed out looking up the host"), false},
		{isLookup(func(e *net.DNSError) bool { return e.IsNotFound }), lookupWords, true},
		{is[*net.DNSError], lookupWords, false},
		{is[*net.AddrError], func(_ stage, err error) string { return as[*net.AddrError](err).Err }, true},
		{is[x509.UnknownAuthorityError], always("x509: certificate signed by unknown authority"), true}, // its own text speculates further
		{is[*tls.CertificateVerificationError], func(_ stage, err error) string { return as[*tls.CertificateVerificationError](err).Err.Error() }, true},
		{isPlainHTTP1, always("the server speaks plain HTTP/1, so it is not etcd's client port (is it the peer port?)"), true},
		{is[tls.RecordHeaderError], always("the server does not speak TLS (is it plain http?)"), true},
		{func(_ stage, err error) bool { return alert(err) != nil && lastingAlert(err) }, alertWords, true},
		{func(_ stage, err error) bool { return alert(err) != nil }, alertWords, false},
		{func(at stage, err error) bool { return at == securing && closed(err) }, always("connection closed in the TLS handshake (is the server plain http?)"), false},
		{func(at stage, err error) bool { return at == greeting && closed(err) }, always("connection closed without an answer (does the server want https?)"), false},
		{func(_ stage, err error) bool { return is[net.Error](0, err) && as[net.Error](err).Timeout() }, func(at stage, _ error) string { return waiting(at) }, false},
		{is[syscall.Errno], func(_ stage, err error) string { return as[syscall.Errno](err).Error() }, false},
		{is[*net.OpError], func(_ stage, err error) string { return as[*net.OpError](err).Err.Error() }, false},
		{func(stage, error) bool { return true }, func(_ stage, err error) string { return err.Error() }, false},
	}
}

// diagnose returns the first diagnosis that holds; the last one always does.
func diagnose(at stage, err error) diagnosis {
	rows := diagnoses()
	for _, d := range rows[:len(rows)-1] {
		if d.holds(at, err) {
			return d
		}
	}
	return rows[len(rows)-1]
}

// words says in few words why a try failed at a stage.
func words(at stage, err error) string { return diagnose(at, err).says(at, err) }

// permanent reports whether waiting does not remove the cause of a failure.
// Servers start, networks and name servers recover; certificates, schemes and
// names that do not exist stay the same.
func permanent(err error) bool {
	if is[*proxyError](0, err) {
		return as[*proxyError](err).final
	}
	return diagnose(dialling, err).permanent
}

func is[E error](_ stage, err error) bool {
	var e E
	return errors.As(err, &e)
}

func as[E error](err error) E {
	var e E
	errors.As(err, &e)
	return e
}

func always(text string) func(stage, error) string {
	return func(stage, error) string { return text }
}

func isLookup(holds func(*net.DNSError) bool) func(stage, error) bool {
	return func(_ stage, err error) bool { return is[*net.DNSError](0, err) && holds(as[*net.DNSError](err)) }
}

// isPlainHTTP1 reports whether a server has answered a TLS handshake in HTTP/1.
func isPlainHTTP1(_ stage, err error) bool {
	header := as[tls.RecordHeaderError](err).RecordHeader
	return string(header[:]) == "HTTP/"
}

func lookupWords(_ stage, err error) string { return as[*net.DNSError](err).Err }

func alertWords(_ stage, err error) string { return "the server refuses: " + alert(err).Error() }

// closed reports whether the other end has ended a connection.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// alert returns the TLS alert with which the other end closed a connection, or
// nil.
func alert(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "remote error" {
		return op.Err
	}
	return nil
}

// lastingAlert reports whether a server has refused this client or its TLS
// version for good. Its own troubles pass.
func lastingAlert(err error) bool {
	const closeNotify, internalError, userCanceled = 0, 80, 90
	for _, passing := range []tls.AlertError{closeNotify, internalError, userCanceled} {
		if alert(err).Error() == passing.Error() { // crypto/tls does not export the error's type
			return false
		}
	}
	return true
}

// shown returns the name of an endpoint as errors have it: without a password,
// and quoted if it would not be recognised as a name.
func shown(name string) string {
	name = redacted(name)
	if q := strconv.Quote(name); name == "" || strings.Contains(name, " ") || q != `"`+name+`"` {
		return q
	}
	return name
}

// plainText returns text as a terminal may show it: control characters and
// bytes that are not UTF-8 are escaped as in Go strings.
func plainText(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t' || strconv.IsPrint(r) && r != '\uFFFD':
			b.WriteRune(r)
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}
