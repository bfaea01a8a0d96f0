package ctlv2

import (
	"cmp"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
)

// The defaults of the global flags.
const (
	defaultEndpoints    = "http://127.0.0.1:2379,http://127.0.0.1:4001"
	defaultTimeout      = 2 * time.Second
	defaultTotalTimeout = 5 * time.Second
)

// globalFlags are the flags that every command takes.
type globalFlags struct {
	debug, noSync              bool
	output                     string
	discoverySrv               string
	discoverySrvName           string // only from the environment
	insecureDiscovery          bool
	peers, endpoint, endpoints string // lists, each an older name of the next
	certFile, keyFile, caFile  string
	keyPasswordFile            string
	username                   string
	timeout                    time.Duration // of one request, until its answer begins
	totalTimeout               time.Duration // of a command
}

func (f *globalFlags) addTo(root *cobra.Command) {
	fs := root.PersistentFlags()
	fs.BoolVar(&f.debug, "debug", false, "print the requests as curl commands on standard error")
	fs.BoolVar(&f.noSync, "no-sync", false, "use only the given endpoints, without requesting the cluster's")
	fs.StringVarP(&f.output, "output", "o", formatSimple, "output `format`: simple, extended or json; health and stats: simple, table or json")
	fs.StringVarP(&f.discoverySrv, "discovery-srv", "D", "", "`domain` whose SRV records list the endpoints")
	fs.BoolVar(&f.insecureDiscovery, "insecure-discovery", false, "accept SRV records of endpoints without TLS")
	fs.StringVarP(&f.peers, "peers", "C", "", "an older name of --endpoints")
	fs.StringVar(&f.endpoint, "endpoint", "", "an older name of --endpoints")
	fs.StringVar(&f.endpoints, "endpoints", "", "`URLs` of the cluster, separated by commas (default \""+defaultEndpoints+"\")")
	fs.StringVar(&f.certFile, "cert-file", "", "certificate `file` to identify with")
	fs.StringVar(&f.keyFile, "key-file", "", "the certificate's key `file`")
	fs.StringVar(&f.keyPasswordFile, "key-password-file", "", "`file` with the password of an encrypted --key-file; otherwise it is read from the terminal")
	fs.StringVar(&f.caFile, "ca-file", "", "`file` of the authorities that servers' certificates are checked against")
	fs.StringVarP(&f.username, "username", "u", "", "`name[:password]`; prompts for a missing password")
	fs.DurationVar(&f.timeout, "timeout", defaultTimeout, "time limit of one request")
	fs.DurationVar(&f.totalTimeout, "total-timeout", defaultTotalTimeout, "time limit of the command, except for watches")
	// v2 prints as one release only: the flag is accepted because it chooses between the APIs.
	fs.String("compat", "", "")
	_ = fs.MarkHidden("compat") // it exists
	cli.AddErrorsTo(root)
	cli.CompleteFlag(root, "output", formatSimple, formatExtended, formatJSON, formatTable)
}

// fromEnv fills the flags that were not given from their variables. Other than
// with v3 only these have one. The variable of a newer name of --endpoints
// comes before the flag of an older one, as it does upstream.
func (f *globalFlags) fromEnv(s cli.Streams, given *pflag.FlagSet) {
	f.endpoints = cmp.Or(
		f.endpoints, s.Getenv("ETCDCTL_ENDPOINTS"),
		f.endpoint, s.Getenv("ETCDCTL_ENDPOINT"),
		f.peers, s.Getenv("ETCDCTL_PEERS"),
		defaultEndpoints)
	f.discoverySrv = cmp.Or(f.discoverySrv, s.Getenv("ETCDCTL_DISCOVERY_SRV"))
	f.discoverySrvName = s.Getenv("ETCDCTL_DISCOVERY_SRV_NAME")
	f.insecureDiscovery = f.insecureDiscovery || s.Getenv("ETCDCTL_INSECURE_DISCOVERY") != ""
	f.caFile = cmp.Or(f.caFile, s.Getenv("ETCDCTL_CA_FILE"))
	f.keyPasswordFile = cmp.Or(f.keyPasswordFile, s.Getenv("ETCDCTL_KEY_PASSWORD_FILE"))
	f.certFile = cmp.Or(f.certFile, s.Getenv("ETCDCTL_CERT_FILE"))
	f.keyFile = cmp.Or(f.keyFile, s.Getenv("ETCDCTL_KEY_FILE"))
	f.username = cmp.Or(f.username, s.Getenv("ETCDCTL_USERNAME"))
	s.WarnNearVariables("ETCDCTL", variables(), func(name string) string {
		if f := given.Lookup(name); f != nil && f.Changed {
			return f.Value.String()
		}
		return s.Getenv(cli.EnvName("ETCDCTL", name))
	})
}

// variables returns the names of the environment variables that v2 has, in the
// form of flags.
func variables() []string {
	return []string{"api", "ca-file", "cert-file", "compat", "discovery-srv", "discovery-srv-name", "endpoint", "endpoints", "errors",
		"insecure-discovery", "key-file", "peers", "username"}
}
