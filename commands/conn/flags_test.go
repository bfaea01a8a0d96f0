package conn

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

// parsed returns the flags of a command line and the streams to resolve them
// with; the two buffers receive the output.
func parsed(t *testing.T, args ...string) (*Flags, cli.Streams, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	f, fs := new(Flags), pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.AddTo(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	return f, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, &out, &errs
}

// dialerOn is dialer on a network in memory, for a bubble of synctest.
func dialerOn(t *testing.T, n *conntest.Network, args ...string) *Dialer {
	t.Helper()
	f, s, _, _ := parsed(t, args...)
	s.Dial = n.Dial
	d, err := f.Dialer(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// dialer returns the dialer of a command line that is right.
func dialer(t *testing.T, args ...string) *Dialer {
	t.Helper()
	f, s, _, _ := parsed(t, args...)
	d, err := f.Dialer(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFlagsAreThoseOfEtcdctl(t *testing.T) {
	t.Parallel()
	want := map[string]string{ // name: shorthand, type, default, as etcdctl 3.7.3 has them
		"endpoints":                ",stringSlice,[127.0.0.1:2379]",
		"debug":                    ",bool,false",
		"dial-timeout":             ",duration,2s",
		"command-timeout":          ",duration,5s",
		"keepalive-time":           ",duration,2s",
		"keepalive-timeout":        ",duration,6s",
		"max-request-bytes":        ",int,0",
		"max-recv-bytes":           ",int,0",
		"insecure-transport":       ",bool,true",
		"insecure-discovery":       ",bool,true",
		"insecure-skip-tls-verify": ",bool,false",
		"cert":                     ",string,",
		"key":                      ",string,",
		"key-password-file":        ",string,",
		"password-file":            ",string,",
		"password-command":         ",string,",
		"cacert":                   ",string,",
		"auth-jwt-token":           ",string,",
		"user":                     ",string,",
		"password":                 ",string,",
		"discovery-srv":            "d,string,",
		"discovery-srv-name":       ",string,",
	}
	f, _, _, _ := parsed(t)
	f.set.VisitAll(func(fl *pflag.Flag) {
		got := fl.Shorthand + "," + fl.Value.Type() + "," + fl.DefValue
		if got != want[fl.Name] {
			t.Errorf("--%s is %q, want %q", fl.Name, got, want[fl.Name])
		}
		if fl.Usage == "" {
			t.Errorf("--%s has no help", fl.Name)
		}
		delete(want, fl.Name)
	})
	for name := range want {
		t.Errorf("--%s is missing", name)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		args  []string
		env   []string
		want  time.Duration
		given bool
	}{
		{name: "default", want: 5 * time.Second},
		{name: "flag", args: []string{"--command-timeout", "7s"}, want: 7 * time.Second, given: true},
		{name: "flag with the default", args: []string{"--command-timeout=5s"}, want: 5 * time.Second, given: true},
		{name: "variable", env: []string{"ETCDCTL_COMMAND_TIMEOUT=9s"}, want: 9 * time.Second, given: true},
		{name: "none", args: []string{"--command-timeout", "0"}, given: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, s, _, _ := parsed(t, tt.args...)
			s.Env = tt.env
			s.ApplyEnv(envPrefix, f.set)
			if f.Timeout() != tt.want || f.TimeoutGiven() != tt.given {
				t.Errorf("%v, given %v; want %v, given %v", f.Timeout(), f.TimeoutGiven(), tt.want, tt.given)
			}
		})
	}
}

func TestDebugListsSettings(t *testing.T) {
	t.Parallel()
	f, s, out, errs := parsed(t, "--debug", "--user", "root:pw", "--password", "pw", "--auth-jwt-token", "tok", "--endpoints", "a:1,b:2")
	if _, err := f.Dialer(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	want := `ETCDCTL_AUTH_JWT_TOKEN=***
ETCDCTL_CACERT=
ETCDCTL_CERT=
ETCDCTL_COMMAND_TIMEOUT=5s
ETCDCTL_DEBUG=true
ETCDCTL_DIAL_TIMEOUT=2s
ETCDCTL_DISCOVERY_SRV=
ETCDCTL_DISCOVERY_SRV_NAME=
ETCDCTL_ENDPOINTS=[a:1,b:2]
ETCDCTL_INSECURE_DISCOVERY=true
ETCDCTL_INSECURE_SKIP_TLS_VERIFY=false
ETCDCTL_INSECURE_TRANSPORT=true
ETCDCTL_KEEPALIVE_TIME=2s
ETCDCTL_KEEPALIVE_TIMEOUT=6s
ETCDCTL_KEY=
ETCDCTL_KEY_PASSWORD_FILE=
ETCDCTL_MAX_RECV_BYTES=0
ETCDCTL_MAX_REQUEST_BYTES=0
ETCDCTL_PASSWORD=***
ETCDCTL_PASSWORD_COMMAND=
ETCDCTL_PASSWORD_FILE=
ETCDCTL_USER=root:***
`
	if errs.String() != want || out.String() != "" {
		t.Errorf("stderr %q, stdout %q", errs, out)
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ flag, value, want string }{
		{"password", "s3cret", "***"},
		{"password", "", ""},
		{"auth-jwt-token", "a.b.c", "***"},
		{"auth-jwt-token", "", ""},
		{"user", "root", "root"},
		{"user", "root:", "root:"},
		{"user", "root:a:b", "root:***"},
		{"user", ":pw", ":***"},
		{"cacert", "password", "password"},
	} {
		if got := masked(tt.flag, tt.value); got != tt.want {
			t.Errorf("masked(%s, %q) = %q, want %q", tt.flag, tt.value, got, tt.want)
		}
	}
}
