package conn

import (
	"cmp"
	"context"

	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

// Destination holds the flags of the second cluster that a command writes to.
// Call AddTo before anything else.
type Destination struct {
	cert, key, cacert string
	keyPasswordFile   string
	user, password    string
	insecureTransport bool
}

// AddTo defines the flags in fs.
func (t *Destination) AddTo(fs *pflag.FlagSet) {
	fs.StringVar(&t.cert, "dest-cert", "", "file with the client's TLS certificate for the destination")
	fs.StringVar(&t.key, "dest-key", "", "file with the key of --dest-cert")
	fs.StringVar(&t.keyPasswordFile, "dest-key-password-file", "", "file with the password of --dest-key, if that is encrypted (PKCS#8)")
	fs.StringVar(&t.cacert, "dest-cacert", "", "file with the certificates of the authorities that may sign the destination's")
	fs.BoolVar(&t.insecureTransport, "dest-insecure-transport", true, "connect without TLS where neither the endpoint nor another --dest flag asks for it")
	fs.StringVar(&t.user, "dest-user", "", "user to authenticate as at the destination, name or name:password (a missing password is asked for)")
	fs.StringVar(&t.password, "dest-password", "", "password of --dest-user, which is then the name alone")
}

// Inherit gives the files that the flags have not named: of the first cluster,
// where it may be the second as well.
func (t *Destination) Inherit(cert, key, cacert, keyPasswordFile string) {
	if t.cert == "" && t.key == "" {
		t.cert, t.key = cert, key
		t.keyPasswordFile = cmp.Or(t.keyPasswordFile, keyPasswordFile)
	}
	t.cacert = cmp.Or(t.cacert, cacert)
}

// DialerTo returns a dialer for endpoints of a second cluster. The limits of
// the connection flags hold for it too; who one is and how one trusts it are
// said by the destination's flags alone. Like [Flags.Dialer] it sends nothing.
func (f *Flags) DialerTo(ctx context.Context, s cli.Streams, endpoints []string, t *Destination) (*Dialer, error) {
	files := tlsFiles{passwordFile: t.keyPasswordFile, prefix: "dest-", SecureConfig: clientv3.SecureConfig{
		Cert: t.cert, Key: t.key, Cacert: t.cacert, InsecureTransport: t.insecureTransport,
	}}
	cfg, err := f.config(ctx, s, endpoints, files, f.quietLogger(s))
	if err != nil {
		return nil, err
	}
	who, err := login(ctx, s, t.user, t.password, "Destination Password: ")
	if err != nil {
		return nil, err
	}
	d := newDialer(s, cfg, who)
	d.who, d.cacert, d.cacertFlag = identify(who, t.cert, t.password, "dest-"), t.cacert, "--dest-cacert"
	return d, nil
}
