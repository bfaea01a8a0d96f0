package conn

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"etcdkit/commands/cli"
)

func TestEndpointLists(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"default", nil, []string{"127.0.0.1:2379"}},
		{"one", []string{"--endpoints", "h:1"}, []string{"h:1"}},
		{"list", []string{"--endpoints", "h:1,http://h:2,https://h:3"}, []string{"h:1", "http://h:2", "https://h:3"}},
		{"spaces", []string{"--endpoints", " h:1 ,\th:2 "}, []string{"h:1", "h:2"}},
		{"twice", []string{"--endpoints=h:1", "--endpoints=h:2,h:3"}, []string{"h:1", "h:2", "h:3"}},
		{"ipv6", []string{"--endpoints", "[::1]:1,http://[fe80::1%25lo]:2"}, []string{"[::1]:1", "http://[fe80::1%25lo]:2"}},
		{"unix", []string{"--endpoints", "unix:///run/e.sock,unix:e.sock,unixs://e.sock"}, []string{"unix:///run/e.sock", "unix:e.sock", "unixs://e.sock"}},
		{"empty parts", []string{"--endpoints", "h:1,,"}, []string{"h:1", "", ""}},
		{"empty", []string{"--endpoints="}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := dialer(t, tt.args...).Endpoints(); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestEndpointsFromEnvironment(t *testing.T) {
	t.Parallel()
	f, s, _, _ := parsed(t)
	s.Env = []string{"ETCDCTL_ENDPOINTS=a:1, b:2"}
	s.ApplyEnv(envPrefix, f.set)
	d, err := f.Dialer(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Endpoints(); !slices.Equal(got, []string{"a:1", "b:2"}) {
		t.Errorf("%q", got)
	}
}

func TestNoEndpoints(t *testing.T) {
	t.Parallel()
	_, err := dialer(t, "--endpoints=").Dial(t.Context())
	if err == nil || err.Error() != "etcdclient: no available endpoints" || cli.CodeOf(err) != cli.BadConnection {
		t.Errorf("%v, code %d", err, cli.CodeOf(err))
	}
}

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, address, server, network, addr string
		security                             security
	}{
		{"h:1", "h:1", "h:1", "tcp", "h:1", asFlagsSay},
		{"http://h:1", "h:1", "h:1", "tcp", "h:1", plain},
		{"HTTPS://h:1/x", "h:1", "h:1", "tcp", "h:1", encrypted},
		{"https://u:p@[::1]:1?q", "[::1]:1", "[::1]:1", "tcp", "[::1]:1", encrypted},
		{"[::1]:1", "[::1]:1", "[::1]:1", "tcp", "[::1]:1", asFlagsSay},
		{"ftp://h:1", "ftp://h:1", "h:1", "tcp", "ftp://h:1", asFlagsSay},
		{"http://[::1", "http://[::1", "http://[::1", "tcp", "http://[::1", asFlagsSay},
		{"localhost", "localhost", "localhost", "tcp", "localhost", asFlagsSay},
		{"", "", "", "tcp", "", asFlagsSay},
		{"unix:///run/e.sock", "unix:///run/e.sock", "e.sock", "unix", "/run/e.sock", asFlagsSay},
		{"unix:/run/e.sock", "unix:/run/e.sock", "e.sock", "unix", "/run/e.sock", asFlagsSay},
		{"unix:e.sock", "unix:e.sock", "e.sock", "unix", "e.sock", asFlagsSay},
		{"unix://d/e.sock", "unix:d/e.sock", "e.sock", "unix", "d/e.sock", asFlagsSay},
		{"unixs:///run/e.sock", "unix:///run/e.sock", "e.sock", "unix", "/run/e.sock", encrypted},
		{"unixs:e.sock:0", "unix:e.sock:0", "e.sock:0", "unix", "e.sock:0", encrypted},
		{"unix:///a%20b", "unix:///a%20b", "a%20b", "unix", "/a b", asFlagsSay},
	} {
		e := parseEndpoint(tt.name)
		if want := (endpoint{tt.name, tt.address, tt.server, tt.security}); e != want {
			t.Errorf("parseEndpoint(%q) = %+v, want %+v", tt.name, e, want)
		}
		if n, a := network(e.address); n != tt.network || a != tt.addr {
			t.Errorf("network(%q) = %s %q, want %s %q", e.address, n, a, tt.network, tt.addr)
		}
	}
}

// FuzzEndpoints parses a list of endpoints and compares each result with the
// address that clientv3 makes grpc connect to.
func FuzzEndpoints(f *testing.F) {
	for _, list := range []string{
		"127.0.0.1:2379", "a:1, b:2", "http://a:1,https://b:2", "unix:///a/b,unixs:c", "unix://x", "unix:/a", "[::1]:1",
		"ftp://a:1", "a", "", ",", "http://", "http://[::1", "%zz", `"a,b":1`, "HTTP://A:1/b?c", "unix:", "unix://", "://a", "http:a",
	} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		flags, fs := new(Flags), pflag.NewFlagSet("fuzz", pflag.ContinueOnError)
		flags.AddTo(fs)
		if fs.Parse([]string{"--endpoints=" + list}) != nil {
			t.Skip("not a list")
		}
		eps, err := flags.resolveEndpoints(t.Context(), nil, io.Discard, discoveryFirst)
		if err != nil {
			t.Fatal(err)
		}
		for _, ep := range eps[:min(len(eps), 3)] {
			address, server, ok := oracle(t, ep)
			if !ok {
				continue // clientv3 does not take it
			}
			got := parseEndpoint(ep)
			if got.address != address {
				t.Errorf("%q: address %q, clientv3 dials %q", ep, got.address, address)
			}
			if got.server != "" && got.server != server { // without one grpc has its own idea
				t.Errorf("%q: server name %q, clientv3 expects %q", ep, got.server, server)
			}
			network(address)
		}
	})
}

// oracle returns the address that clientv3 dials for an endpoint and the name
// it expects in the certificate.
func oracle(t *testing.T, ep string) (address, server string, ok bool) {
	t.Helper()
	spy := &handshakes{TransportCredentials: insecure.NewCredentials(), server: make(chan string, 1)}
	dialed := make(chan string, 1)
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{ep}, Logger: zap.NewNop(), DialOptions: []grpc.DialOption{
		grpc.WithTransportCredentials(spy),
		grpc.WithContextDialer(func(_ context.Context, address string) (net.Conn, error) {
			select {
			case dialed <- address:
			default:
			}
			end, other := net.Pipe()
			_ = other.Close()
			return end, nil
		}),
	}})
	if err != nil {
		return "", "", false
	}
	defer c.Close()
	c.ActiveConnection().Connect()
	return <-dialed, <-spy.server, true
}

// handshakes are credentials that report the server name and fail.
type handshakes struct {
	credentials.TransportCredentials
	server chan string
}

func (h *handshakes) ClientHandshake(_ context.Context, server string, _ net.Conn) (net.Conn, credentials.AuthInfo, error) {
	select {
	case h.server <- server:
	default:
	}
	return nil, nil, errors.New("seen enough")
}
