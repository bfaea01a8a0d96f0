package ctlv2

import (
	"context"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// srvPorts is the zone that the tests resolve names in: the port that an SRV
// record names, by its service. Every record is of the host m1.test, and every
// host is 127.0.0.1.
var srvPorts sync.Map

// TestMain makes a server of the tests resolve all names, by the rules of DNS
// and over a real socket: a program can be pointed to another one only in
// /etc/resolv.conf, and there without a port.
func TestMain(m *testing.M) {
	dns, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serveDNS(dns)
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", dns.LocalAddr().String())
	}}
	os.Exit(m.Run())
}

func serveDNS(conn net.PacketConn) {
	buf := make([]byte, 1024)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var msg dnsmessage.Message
		if msg.Unpack(buf[:n]) != nil || len(msg.Questions) != 1 {
			continue
		}
		answerDNS(&msg)
		if b, err := msg.Pack(); err == nil {
			_, _ = conn.WriteTo(b, from)
		}
	}
}

// answerDNS makes a question its answer.
func answerDNS(msg *dnsmessage.Message) {
	q := msg.Questions[0]
	msg.Response, msg.Additionals = true, nil
	add := func(body dnsmessage.ResourceBody) {
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
		msg.Answers = append(msg.Answers, dnsmessage.Resource{Header: h, Body: body})
	}
	port, ok := srvPorts.Load(q.Name.String())
	switch {
	case q.Type == dnsmessage.TypeSRV && ok:
		add(&dnsmessage.SRVResource{Port: port.(uint16), Target: dnsmessage.MustNewName("m1.test.")})
	case q.Type == dnsmessage.TypeA && q.Name.String() == "m1.test.":
		add(&dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}})
	case q.Name.String() != "m1.test.":
		msg.RCode = dnsmessage.RCodeNameError
	}
}

// publish names a server in the zone, and returns its port.
func publish(t *testing.T, service string, s *httptest.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	srvPorts.Store(service, uint16(port))
	return u.Port()
}

// The endpoints are those that DNS lists, and then those that the cluster
// reports.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	node := says(200, "application/json", `{"action":"get","node":{"key":"/a","value":"1"}}`)
	found, given := fake(t, node), fake(t, says(200, "application/json", `{"action":"get","node":{"key":"/a","value":"given"}}`))
	port := publish(t, "_etcd-client._tcp.plain.test.", found)
	publish(t, "_etcd-client-blue._tcp.named.test.", found)
	insecure := []string{"--no-sync", "--insecure-discovery", "get", "/a"}

	runner{}.run(t, append([]string{"--discovery-srv", "plain.test"}, insecure...)...).is(t, ran{0, "1\n", ""})
	runner{}.run(t, append([]string{"-D=plain.test", "--endpoints", given.URL}, insecure...)...).is(t, ran{0, "1\n", ""})
	runner{env: []string{"ETCDCTL_DISCOVERY_SRV=plain.test", "ETCDCTL_INSECURE_DISCOVERY=1"}}.run(t, "--no-sync", "get", "/a").is(t, ran{0, "1\n", ""})
	runner{env: []string{"ETCDCTL_DISCOVERY_SRV_NAME=blue"}}.run(t, append([]string{"-D", "named.test"}, insecure...)...).is(t, ran{0, "1\n", ""})

	// without --insecure-discovery they are omitted
	runner{}.run(t, "--no-sync", "-D", "plain.test", "--endpoints", given.URL, "get", "/a").is(t, ran{0, "given\n",
		"ignoring discovered insecure endpoint \"http://m1.test.:" + port + "\"\n"})
	if got := (runner{}).run(t, "--no-sync", "-D", "none.test", "get", "/a"); got.code != 1 || got.stdout != "" ||
		!strings.HasPrefix(got.stderr, "dns lookup errors: lookup _etcd-client-ssl._tcp.none.test") {
		t.Errorf("got %+v", got)
	}
}

// Certificates are checked for the domain, as the records could not be trusted.
func TestDiscoveryTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(says(200, "application/json", `{"action":"get","node":{"key":"/a","value":"1"}}`)))
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	publish(t, "_etcd-client-ssl._tcp.example.com.", s) // the name in httptest's certificate
	publish(t, "_etcd-client-ssl._tcp.other.test.", s)
	get := []string{"--no-sync", "--ca-file", ca, "get", "/a"}
	runner{}.run(t, append([]string{"-D", "example.com"}, get...)...).is(t, ran{0, "1\n", ""})
	if got := (runner{}).run(t, append([]string{"-D", "other.test"}, get...)...); got.code != serverError || !strings.Contains(got.stderr, "not other.test") {
		t.Errorf("got %+v", got)
	}
}
