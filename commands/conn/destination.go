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
	fs.StringVar(&t.keyPasswordFile, "dest-key-password-file", "", "file with the password of an encrypted --dest-key (PKCS#8)")
	fs.StringVar(&t.cacert, "dest-cacert", "", "file with the CA certificates that verify the destination")
	fs.BoolVar(&t.insecureTransport, "dest-insecure-transport", true, "connect to the destination without TLS unless the endpoint or another --dest flag asks for it")
	fs.StringVar(&t.user, "dest-user", "", "user to authenticate as at the destination, name or name:password (prompts for a missing password)")
	fs.StringVar(&t.password, "dest-password", "", "password of --dest-user, which then holds only the name")
}

// Inherit sets the files that the flags have not named to those of the first
// cluster, for a command whose two clusters may be the same.
func (t *Destination) Inherit(cert, key, cacert, keyPasswordFile string) {
	if t.cert == "" && t.key == "" {
		t.cert, t.key = cert, key
		t.keyPasswordFile = cmp.Or(t.keyPasswordFile, keyPasswordFile)
	}
	t.cacert = cmp.Or(t.cacert, cacert)
}

// DialerTo returns a dialer for endpoints of a second cluster. The limits of the
// connection flags apply to it; identity and trust come from the destination's
// flags alone. Like [Flags.Dialer] it sends nothing.
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
