package conn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
)

// Shell variables that replace secrets in a line. The line fails if one is not
// set; for PASSWORD the check before the login ensures that.
const (
	passwordVar    = `"$PASSWORD"`
	newPasswordVar = `"${NEW_PASSWORD:?}"`
)

// curl makes command lines for a POSIX shell: one request over etcd's JSON
// gateway each.
type curl struct {
	tls       bool // for endpoints without a scheme
	insecure  bool
	cacert    string
	cert, key string
	user      string // logs in with a separate line
	token     bool   // the user has one already
}

// curl returns the part that lines for the endpoints of cfg have in common.
func (f *Flags) curl(cfg *clientv3.Config) curl {
	c := curl{tls: cfg.TLS != nil, insecure: f.insecureSkipVerify, cacert: f.cacert, cert: f.cert, key: f.key, token: f.token != ""}
	if !c.token {
		c.user = f.user
	}
	if name, _, ok := strings.Cut(c.user, ":"); ok && f.password == "" {
		c.user = name
	}
	return c
}

// request returns the line for a request to an endpoint. It includes only
// metadata that changes the answer.
func (c *curl) request(endpoint, method string, m proto.Message, md metadata.MD) (string, error) {
	body, err := body(m, newPasswordVar)
	if err != nil {
		return "", err
	}
	words := []string{"curl -sS"}
	if method == pb.Watch_Watch_FullMethodName {
		words = append(words, "-N")
	}
	words = append(words, c.to(endpoint, gatewayPath(method))...)
	switch {
	case c.token:
		words = append(words, `-H "Authorization: ${TOKEN:?}"`)
	case c.user != "":
		words = append(words, `-H "Authorization: $TOKEN"`) // empty while authentication is off
	}
	if len(md.Get("hasleader")) > 0 {
		words = append(words, "-H 'Grpc-Metadata-Hasleader: true'")
	}
	return strings.Join(append(words, "-d "+body), " "), nil
}

// login returns the line that assigns a token for the user to TOKEN. The
// command continues on the next line, so that no request is made without a
// password: neither by a script, which ends if PASSWORD is not set, nor by an
// interactive shell, which abandons this one command.
func (c *curl) login(endpoint string) (string, error) {
	const token = `sed -n 's/.*"token": *"\([^"]*\)".*/\1/p'`
	body, err := body(&pb.AuthenticateRequest{Name: c.user, Password: "?"}, passwordVar)
	if err != nil {
		return "", err
	}
	words := append([]string{"curl -sS"}, c.to(endpoint, gatewayPath(pb.Auth_Authenticate_FullMethodName))...)
	return `: "${PASSWORD:?}" && TOKEN=$(` + strings.Join(append(words, "-d "+body), " ") + " | " + token + ") &&", nil
}

// to returns the words that say where a request goes and how it is trusted.
func (c *curl) to(endpoint, path string) []string {
	e := parseEndpoint(endpoint)
	u := url.URL{Scheme: "http", Host: e.server, Path: path}
	if e.security == encrypted || e.security == asFlagsSay && c.tls {
		u.Scheme = "https"
	}
	var words []string
	if network, file := network(e.address); network == "unix" {
		words = append(words, "--unix-socket "+cli.Quote(file))
		if u.Scheme == "http" {
			u.Host = "localhost" // a socket's path is no host name
		}
	}
	if u.Scheme == "https" {
		words = append(words, c.trust()...)
	}
	return append(words, cli.Quote(u.String()))
}

// trust returns the words about TLS.
func (c *curl) trust() (words []string) {
	if c.insecure {
		words = append(words, "-k")
	}
	if c.cacert != "" {
		words = append(words, "--cacert "+cli.Quote(c.cacert))
	}
	if c.cert != "" {
		// What follows a colon would be the password of the key.
		words = append(words, "--cert "+cli.Quote(strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(c.cert)))
	}
	if c.key != "" {
		words = append(words, "--key "+cli.Quote(c.key))
	}
	return words
}

// body returns a request in JSON, quoted for the shell. A password in it is
// read from a variable.
func body(m proto.Message, password string) (string, error) {
	m = proto.Clone(m)
	hidden := false
	switch r := m.(type) {
	case *pb.AuthenticateRequest:
		hidden, r.Password = r.Password != "", ""
	case *pb.AuthUserAddRequest:
		hidden, r.Password = r.Password != "", ""
	case *pb.AuthUserChangePasswordRequest:
		hidden, r.Password = r.Password != "", ""
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write the request as JSON: %w", err)
	}
	var compact bytes.Buffer // protojson varies its blanks, so that its output is not compared as bytes
	if err := json.Compact(&compact, text); err != nil {
		return "", fmt.Errorf("write the request as JSON: %w", err)
	}
	if !hidden {
		return cli.Quote(compact.String()), nil
	}
	open := strings.TrimSuffix(compact.String(), "}")
	if open != "{" {
		open += ","
	}
	return cli.Quote(open+`"password":"`) + password + cli.Quote(`"}`), nil
}
