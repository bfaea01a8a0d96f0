package conn

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// security is the use of TLS that the scheme of an endpoint asks for.
type security int

const (
	asFlagsSay security = iota // no scheme: TLS where a flag asks for it
	plain                      // http
	encrypted                  // https, unixs
)

// endpoint is an endpoint as the user wrote it and as clientv3 interprets it.
// The rules are those of client/v3/internal/endpoint, which can't be imported;
// FuzzEndpoints compares them with the real client.
type endpoint struct {
	name     string // as given
	address  string // the target that clientv3 passes to grpc
	server   string // the name that a certificate is checked against, maybe with a port
	security security
}

// parseEndpoint never fails. Text that is no endpoint becomes an address that
// can't be dialed, and the dial reports why.
func parseEndpoint(ep string) endpoint {
	scheme, rest, found := strings.Cut(ep, ":")
	if found && (scheme == "unix" || scheme == "unixs") {
		return unixEndpoint(ep, scheme, rest)
	}
	e := endpoint{name: ep, address: ep, server: ep}
	if !strings.Contains(ep, "://") {
		return e
	}
	u, err := url.Parse(ep)
	if err != nil {
		return e
	}
	e.server = u.Host
	switch u.Scheme {
	case "http":
		e.address, e.security = u.Host, plain
	case "https":
		e.address, e.security = u.Host, encrypted
	}
	return e
}

// unknownScheme returns an error for an endpoint with a scheme that etcd does
// not have. clientv3 treats it as part of the host.
func (e endpoint) unknownScheme() error {
	if scheme, _, found := strings.Cut(e.address, "://"); found && scheme != "unix" {
		return ownFinding(fmt.Sprintf("unknown scheme %q, use http, https, unix or unixs", scheme))
	}
	return nil
}

// unixEndpoint reads the three ways to write a socket's path: unix:///absolute,
// unix://relative and unix:path.
func unixEndpoint(ep, scheme, rest string) endpoint {
	file, slashes := strings.CutPrefix(rest, "//")
	e := endpoint{name: ep, address: "unix:" + file, server: path.Base(file)}
	if slashes && strings.HasPrefix(file, "/") {
		e.address = "unix://" + file
	}
	if scheme == "unixs" {
		e.security = encrypted
	}
	return e
}

// network splits an address that grpc wants dialed into the arguments of a
// net.Dialer, as grpc's own dialer does.
func network(address string) (network, addr string) {
	file, unix := strings.CutPrefix(address, "unix:")
	if !unix {
		return "tcp", address
	}
	if !strings.HasPrefix(file, "/") {
		return "unix", file
	}
	u, err := url.Parse(address)
	if err != nil {
		return "tcp", address
	}
	if u.Path == "" {
		return "unix", u.Host
	}
	return "unix", u.Path
}

// userinfo returns where in an endpoint the user and password of a URL are:
// ep[start:end], with the @ at ep[end]. Without any both are the same.
func userinfo(ep string) (start, end int) {
	scheme, rest, found := strings.Cut(ep, "://")
	if !found || scheme == "unix" || scheme == "unixs" {
		return 0, 0
	}
	host, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndex(host, "@")
	if at < 0 {
		return 0, 0
	}
	start = len(scheme) + len("://")
	return start, start + at
}

// withoutUser returns an endpoint without the user and password that its URL
// may hold. etcd does not use them, and the logs of --debug would show them.
func withoutUser(ep string) string {
	start, end := userinfo(ep)
	if start == end {
		return ep
	}
	return ep[:start] + ep[end+1:]
}

// redacted returns an endpoint with the password that its URL may hold replaced.
func redacted(ep string) string {
	start, end := userinfo(ep)
	name, _, found := strings.Cut(ep[start:end], ":")
	if !found {
		return ep
	}
	return ep[:start] + name + ":***" + ep[end:]
}

// WithoutUsers returns a list of endpoints, separated by commas, without the users
// and passwords in their URLs.
func WithoutUsers(endpoints string) string {
	all := strings.Split(endpoints, ",")
	for i := range all {
		all[i] = withoutUser(all[i])
	}
	return strings.Join(all, ",")
}
