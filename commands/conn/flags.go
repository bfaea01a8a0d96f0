package conn

import (
	"time"

	"github.com/spf13/pflag"
)

// The limits that upstream's etcdctl has by default.
const (
	defaultEndpoint         = "127.0.0.1:2379"
	defaultDialTimeout      = 2 * time.Second
	defaultCommandTimeout   = 5 * time.Second
	defaultKeepAliveTime    = 2 * time.Second
	defaultKeepAliveTimeout = 6 * time.Second
)

// Flags holds the global connection flags of etcdctl 3.7 as given. Call AddTo
// before anything else; the other methods read the values of the flags, so they
// are called after parsing and after cli.Streams.ApplyEnv.
type Flags struct {
	set *pflag.FlagSet

	endpoints        []string
	debug            bool
	dialTimeout      time.Duration
	commandTimeout   time.Duration
	keepAliveTime    time.Duration
	keepAliveTimeout time.Duration
	maxRequestBytes  int
	maxRecvBytes     int

	insecureTransport  bool
	insecureDiscovery  bool
	insecureSkipVerify bool
	cert, key, cacert  string
	keyPasswordFile    string

	token, user, password string
	passwordFile          string
	passwordCommand       string

	discoverySrv     string
	discoverySrvName string

	recorder *Recorder // nil: requests are sent
	pool     *Pool     // nil: each command connects anew
}

// AddTo defines the connection flags in fs, which the root command shares with
// every command. Names, types and defaults are those of etcdctl 3.7.
func (f *Flags) AddTo(fs *pflag.FlagSet) {
	f.set = fs
	fs.StringSliceVar(&f.endpoints, "endpoints", []string{defaultEndpoint},
		"addresses of the members to talk to, separated by commas: host:port, http(s)://host:port, unix(s)://path")
	fs.BoolVar(&f.debug, "debug", false, "log what the client does, on standard error")
	fs.DurationVar(&f.dialTimeout, "dial-timeout", defaultDialTimeout, "how long logging in with --user may take")
	fs.DurationVar(&f.commandTimeout, "command-timeout", defaultCommandTimeout, "how long one request may take, connecting included")
	fs.DurationVar(&f.keepAliveTime, "keepalive-time", defaultKeepAliveTime, "send a keepalive ping after this much idle time")
	fs.DurationVar(&f.keepAliveTimeout, "keepalive-timeout", defaultKeepAliveTimeout, "close the connection if no reply arrives within this time")
	fs.IntVar(&f.maxRequestBytes, "max-request-bytes", 0, "largest request to send, in bytes (0 for 2 MiB)")
	fs.IntVar(&f.maxRecvBytes, "max-recv-bytes", 0, "largest response to accept, in bytes (0 for no limit)")
	fs.BoolVar(&f.insecureTransport, "insecure-transport", true, "connect without TLS unless an endpoint or another flag asks for it")
	fs.BoolVar(&f.insecureDiscovery, "insecure-discovery", true, "accept http endpoints from --discovery-srv")
	fs.BoolVar(&f.insecureSkipVerify, "insecure-skip-tls-verify", false, "insecure: disables verification of the server")
	fs.StringVar(&f.cert, "cert", "", "file with the client's TLS certificate")
	fs.StringVar(&f.key, "key", "", "file with the key of --cert")
	fs.StringVar(&f.keyPasswordFile, "key-password-file", "", "file with the password of an encrypted --key (PKCS#8); without it a terminal prompts for the password")
	fs.StringVar(&f.cacert, "cacert", "", "file with the CA certificates that verify the server")
	fs.StringVar(&f.token, "auth-jwt-token", "", "JSON web token to authenticate with instead of --user and --password")
	fs.StringVar(&f.user, "user", "", "user to authenticate as, name or name:password (prompts for a missing password)")
	fs.StringVar(&f.password, "password", "", "password of --user, which then holds only the name")
	fs.StringVar(&f.passwordFile, "password-file", "", "file whose first line is the password of --user")
	fs.StringVar(&f.passwordCommand, "password-command", "", "shell command whose first line of output is the password of --user")
	fs.StringVarP(&f.discoverySrv, "discovery-srv", "d", "", "domain whose SRV records list the endpoints")
	fs.StringVar(&f.discoverySrvName, "discovery-srv-name", "", "suffix of the service name to look up in that domain")
}

// Timeout returns how long one request of a command may take.
func (f *Flags) Timeout() time.Duration { return f.commandTimeout }

// DialTimeout returns how long a connection may take before the user is told.
func (f *Flags) DialTimeout() time.Duration { return f.dialTimeout }

// TimeoutGiven reports whether the user has set that limit, by the flag or by its
// environment variable. A command without a default limit, such as snapshot save,
// has one only then.
func (f *Flags) TimeoutGiven() bool { return f.given("command-timeout") }

// MaxRecvBytes returns how large an answer may be; 0 is no limit.
func (f *Flags) MaxRecvBytes() int { return f.maxRecvBytes }

// given reports whether the user has set a flag, to any value.
func (f *Flags) given(name string) bool { return f.set.Changed(name) }
