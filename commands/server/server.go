package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"etcdkit/commands/cli"
)

// Name is what the program is installed as.
const Name = "etcdutl-server"

// Ready is the line that the program prints, as JSON, when it serves.
type Ready struct {
	Endpoint string `json:"endpoint"`
	Version  string `json:"version"` // of etcd
}

type options struct {
	dataDir, name, listen string
	certFile, keyFile     string
	trustedCAFile         string
	clientCertAuth        bool
	quota                 int64
	discard               bool
}

// Main runs the program with the given arguments, those after its name, and
// returns its exit code.
func Main(ctx context.Context, s cli.Streams, args []string) cli.Code {
	return cli.Program{Root: newRoot(s), Streams: s, Prefix: "ETCDUTL_SERVER"}.Main(ctx, args)
}

func newRoot(s cli.Streams) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   Name + " --data-dir <directory>",
		Short: "Serve a data directory until standard input ends",
		Long: `Start an etcd server, a cluster of one member, on a restored data directory. It
prints a line of JSON with its endpoint when it is ready, and ends when its
standard input does. "etcdutl serve" runs it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), s) },
	}
	fs := cmd.Flags()
	fs.StringVar(&o.dataDir, "data-dir", "", "the data `directory`")
	fs.StringVar(&o.name, "name", "default", "name of the member")
	fs.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to serve clients on; port 0 is a free one")
	fs.StringVar(&o.certFile, "cert-file", "", "the server's certificate `file`, which makes it serve TLS")
	fs.StringVar(&o.keyFile, "key-file", "", "the server's key `file`")
	fs.StringVar(&o.trustedCAFile, "trusted-ca-file", "", "`file` of the CA that signs the clients' certificates")
	fs.BoolVar(&o.clientCertAuth, "client-cert-auth", false, "require certificates of clients")
	fs.Int64Var(&o.quota, "quota-backend-bytes", 0, "size in `bytes` that the database may reach; 0 is etcd's default")
	fs.BoolVar(&o.discard, "discard", false, "remove the directory at the end")
	return cmd
}

func (o *options) run(ctx context.Context, s cli.Streams) (err error) {
	if o.dataDir == "" {
		return cli.Exit(cli.BadArgs, errors.New("--data-dir is required"))
	}
	if o.discard {
		defer func() { err = errors.Join(err, os.RemoveAll(o.dataDir)) }()
	}
	level := zap.NewAtomicLevelAt(zapcore.ErrorLevel)
	cfg, err := o.config(s.Err, level)
	if err != nil {
		return err
	}
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	defer e.Close()
	defer level.SetLevel(zapcore.FatalLevel) // closing logs its own listeners as errors
	select {
	case <-e.Server.ReadyNotify():
	case err := <-e.Err():
		return fmt.Errorf("start the server: %w", err)
	case <-e.Server.StopNotify():
		return errors.New("start the server: it stopped before it was ready")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ready := Ready{Endpoint: cfg.AdvertiseClientUrls[0].String(), Version: version.Version}
	if err := json.NewEncoder(s.Out).Encode(ready); err != nil {
		return err
	}
	return wait(ctx, s.In, e)
}

// wait returns when the server is to end, or did.
func wait(ctx context.Context, in io.Reader, e *embed.Etcd) error {
	ended := make(chan struct{})
	go func() { // it ends with its input, at the latest with the process
		defer close(ended)
		_, _ = io.Copy(io.Discard, in) // an input that fails has ended
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return nil // a signal is how it is told to end
	case err := <-e.Err():
		return err
	case <-e.Server.StopNotify():
		return errors.New("the server stopped")
	}
}

// config returns the server's settings. Its log goes to errs, from a level on.
func (o *options) config(errs io.Writer, level zapcore.LevelEnabler) (*embed.Config, error) {
	client, err := o.clientURL()
	if err != nil {
		return nil, err
	}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"} // nobody connects there
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir = o.name, o.dataDir
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls = []url.URL{peer}
	cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile = o.certFile, o.keyFile
	cfg.ClientTLSInfo.TrustedCAFile, cfg.ClientTLSInfo.ClientCertAuth = o.trustedCAFile, o.clientCertAuth
	cfg.QuotaBackendBytes = o.quota
	cfg.MaxRequestBytes = math.MaxInt32 / 2 // a server that allowed large values is served as well
	cfg.UnsafeNoFsync = o.discard
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.AddSync(errs), level)
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.New(core))
	return cfg, nil
}

// clientURL returns the URL to serve clients on, with a port that is free now.
func (o *options) clientURL() (url.URL, error) {
	u := url.URL{Scheme: "http", Host: o.listen}
	if o.certFile != "" {
		u.Scheme = "https"
	}
	if _, port, err := net.SplitHostPort(o.listen); err != nil || port != "0" {
		return u, err
	}
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return u, err
	}
	u.Host = l.Addr().String()
	return u, l.Close()
}
