package conn

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

// The destination has the limits of the global flags, and nothing else of them.
func TestDialerTo(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert, key := files(t, ca.issue(t, "127.0.0.1", time.Now().Add(time.Hour)))
	const asked = "Destination Password: \n"
	for _, tt := range []struct {
		name, args, in string
		who            clientv3.AuthConfig
		tls            bool
		out, fail      string
	}{
		{name: "nothing"},
		{name: "the source's", args: "--user u:p --insecure-skip-tls-verify --cacert CA --cert CERT --key KEY --discovery-srv nowhere.invalid"},
		{name: "the source's token", args: "--auth-jwt-token t"},
		{name: "user", args: "--dest-user u:p", who: clientv3.AuthConfig{Username: "u", Password: "p"}},
		{name: "user and password", args: "--dest-user u:x --dest-password p", who: clientv3.AuthConfig{Username: "u:x", Password: "p"}},
		{name: "user without password", args: "--dest-user u", in: "p\nrest", who: clientv3.AuthConfig{Username: "u", Password: "p"}, out: asked},
		{name: "ca", args: "--dest-cacert CA", tls: true},
		{name: "certificate", args: "--dest-cert CERT --dest-key KEY", tls: true},
		{name: "transport", args: "--dest-insecure-transport=false", tls: true},
		{name: "cert alone", args: "--dest-cert CERT", fail: "KeyFile and CertFile must both be present[key: , cert: CERT]"},
		{name: "no such ca", args: "--dest-cacert /nowhere/ca", fail: "open /nowhere/ca: no such file or directory"},
		{name: "empty counts as not given", args: "--dest-cacert= --dest-cert= --dest-key="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			names := strings.NewReplacer("CERT", cert, "KEY", key, "CA", ca.file)
			f, to, fs := new(Flags), new(Destination), pflag.NewFlagSet("test", pflag.ContinueOnError)
			f.AddTo(fs)
			to.AddTo(fs)
			if err := fs.Parse(fieldsOf(tt.args+" --dial-timeout 7s --max-request-bytes 8 --max-recv-bytes 9", names)); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			s := cli.Streams{In: strings.NewReader(tt.in), Out: &out, Err: &errs}
			d, err := f.DialerTo(t.Context(), s, []string{"host:1"}, to)
			if want := names.Replace(tt.fail); errorText(err) != want {
				t.Fatalf("%v, want %s", err, want)
			}
			if out.String() != tt.out || errs.String() != "" {
				t.Errorf("stdout %q, stderr %q", &out, &errs)
			}
			if err != nil {
				if cli.CodeOf(err) != cli.BadArgs {
					t.Errorf("code %d", cli.CodeOf(err))
				}
				return
			}
			c := d.cfg
			if !slices.Equal(c.Endpoints, []string{"host:1"}) || c.DialTimeout != 7*time.Second || c.MaxCallSendMsgSize != 8 || c.MaxCallRecvMsgSize != 9 {
				t.Errorf("%v, %v, %d, %d", c.Endpoints, c.DialTimeout, c.MaxCallSendMsgSize, c.MaxCallRecvMsgSize)
			}
			if got := (clientv3.AuthConfig{Username: c.Username, Password: c.Password, Token: c.Token}); got != tt.who {
				t.Errorf("%+v, want %+v", got, tt.who)
			}
			if (c.TLS != nil) != tt.tls {
				t.Errorf("TLS: %v, want %v", c.TLS != nil, tt.tls)
			}
		})
	}
}

// Flags of the first cluster apply if the destination's are not given. A
// certificate belongs to its key.
func TestInherit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ own, want Destination }{
		{Destination{}, Destination{cert: "c", key: "k", cacert: "ca", keyPasswordFile: "p"}},
		{Destination{cert: "C", key: "K"}, Destination{cert: "C", key: "K", cacert: "ca"}},
		{Destination{cacert: "CA", cert: "C"}, Destination{cacert: "CA", cert: "C"}},
		{Destination{user: "u"}, Destination{user: "u", cert: "c", key: "k", cacert: "ca", keyPasswordFile: "p"}},
	} {
		got := tt.own
		if got.Inherit("c", "k", "ca", "p"); got != tt.want {
			t.Errorf("%+v: %+v, want %+v", tt.own, got, tt.want)
		}
	}
}
