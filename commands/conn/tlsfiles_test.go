package conn

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"etcdkit/commands/cli"
)

func TestTLSRules(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert, key := files(t, ca.issue(t, "127.0.0.1", time.Now().Add(time.Hour)))
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, args string
		tls        bool // by default: an endpoint without a scheme
		roots      bool
		skip       bool
		cert       bool
		fail       string
	}{
		{name: "nothing"},
		{name: "transport", args: "--insecure-transport=false", tls: true},
		{name: "ca", args: "--cacert CA", tls: true, roots: true},
		{name: "ca without certificates", args: "--cacert JUNK", tls: true, roots: true},
		{name: "skip verify", args: "--insecure-skip-tls-verify", tls: true, skip: true},
		{name: "pair", args: "--cert CERT --key KEY", tls: true, cert: true},
		{name: "all", args: "--cert CERT --key KEY --cacert CA --insecure-skip-tls-verify", tls: true, roots: true, skip: true, cert: true},
		{name: "empty cert", args: "--cert=", fail: "empty string is passed to --cert option"},
		{name: "empty key", args: "--key= --cert CERT", fail: "empty string is passed to --key option"},
		{name: "empty ca", args: "--cacert=", fail: "empty string is passed to --cacert option"},
		{name: "cert alone", args: "--cert CERT", fail: "KeyFile and CertFile must both be present[key: , cert: CERT]"},
		{name: "key alone", args: "--key KEY", fail: "KeyFile and CertFile must both be present[key: KEY, cert: ]"},
		{name: "no certificate in it", args: "--cert JUNK --key KEY", fail: "--cert JUNK: tls: failed to find any PEM data in certificate input: the file is not PEM"},
		{name: "no such ca", args: "--cacert /nowhere/ca", fail: "open /nowhere/ca: no such file or directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			names := strings.NewReplacer("CERT", cert, "KEY", key, "CA", ca.file, "JUNK", junk)
			f, s, _, _ := parsed(t, fieldsOf(tt.args, names)...)
			d, err := f.Dialer(t.Context(), s)
			if want := names.Replace(tt.fail); errorText(err) != want {
				t.Fatalf("%v, want %s", err, want)
			}
			if err != nil {
				if cli.CodeOf(err) != cli.BadArgs {
					t.Errorf("code %d", cli.CodeOf(err))
				}
				return
			}
			cfg := d.cfg.TLS
			if (cfg != nil) != tt.tls {
				t.Fatalf("TLS: %v", cfg != nil)
			}
			if cfg != nil && ((cfg.RootCAs != nil) != tt.roots || cfg.InsecureSkipVerify != tt.skip || (cfg.GetClientCertificate != nil) != tt.cert) {
				t.Errorf("roots %v, skip %v, certificate %v", cfg.RootCAs != nil, cfg.InsecureSkipVerify, cfg.GetClientCertificate != nil)
			}
		})
	}
}

func fieldsOf(args string, names *strings.Replacer) []string {
	fields := strings.Fields(args)
	for i := range fields {
		fields[i] = names.Replace(fields[i])
	}
	return fields
}

// A scheme wins over the flags, in both directions; discovery over TLS only
// makes TLS the default.
func TestSchemeAndFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flag, endpoint string
		want           security
	}{
		{"--debug=false", "h:1", plain},
		{"--debug=false", "http://h:1", plain},
		{"--debug=false", "https://h:1", encrypted},
		{"--debug=false", "unix:s", plain},
		{"--debug=false", "unixs:s", encrypted},
		{"--insecure-skip-tls-verify", "h:1", encrypted},
		{"--insecure-skip-tls-verify", "http://h:1", plain},
		{"--insecure-skip-tls-verify", "https://h:1", encrypted},
		{"--insecure-skip-tls-verify", "unix:s", encrypted},
	} {
		d := dialer(t, tt.flag, "--endpoints", tt.endpoint)
		l := newConnections(d.Endpoints())
		creds := newCredentials(l, d.cfg.TLS, nil)
		want := map[security]string{plain: "insecure", encrypted: "tls"}[tt.want]
		if got := creds.Info().SecurityProtocol; got != want {
			t.Errorf("%s %s: %s, want %s", tt.flag, tt.endpoint, got, want)
		}
	}
	f, _, _, _ := parsed(t, "-d", "etcd.test", "--insecure-discovery=false")
	if s := f.files(); s.ServerName != "etcd.test" {
		t.Errorf("%+v", s)
	}
	f, _, _, _ = parsed(t, "-d", "etcd.test")
	if s := f.files(); s.ServerName != "" {
		t.Errorf("%+v", s)
	}
}
