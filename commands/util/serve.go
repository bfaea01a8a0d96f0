package util

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/printer"
	"etcdkit/printer/view"
	"etcdkit/snapshot/restore"
)

// leastQuota is the smallest quota of the copy, in bytes: what etcd suggests as
// the largest.
const leastQuota = 8 << 30

type serveOptions struct {
	from, listen, keep string
	noAuth, runLeases  bool
	certFile, keyFile  string
	trustedCAFile      string
	clientCertAuth     bool
	tail               tailOptions
	past               past
	size               int64 // of the file, in bytes
}

func (o *serveOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.from, fromFlag, "", "the snapshot, copy of a database, data directory of a stopped member, or repository of backups, to serve")
	o.tail.addFlags(fs)
	o.past.addFlags(fs)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to serve clients on; port 0 is a free one")
	fs.StringVar(&o.keep, "keep", "", "make the copy in this `directory` and keep it")
	fs.BoolVar(&o.noAuth, "no-auth", false, "switch authentication off in the copy")
	fs.BoolVar(&o.runLeases, "run-leases", false, "let leases expire in the copy, with their keys")
	fs.StringVar(&o.certFile, "cert-file", "", "the server's certificate `file`, which makes it serve TLS")
	fs.StringVar(&o.keyFile, "key-file", "", "the server's key `file`")
	fs.StringVar(&o.trustedCAFile, "trusted-ca-file", "", "`file` of the CA that signs the clients' certificates")
	fs.BoolVar(&o.clientCertAuth, "client-cert-auth", false, "require certificates of clients")
	for _, name := range []string{fromFlag, "cert-file", "key-file", "trusted-ca-file"} {
		mustMark(cmd.MarkFlagFilename(name))
	}
	mustMark(cmd.MarkFlagDirname("keep"), cmd.MarkFlagDirname(walDirFlag))
}

// validate checks arguments and flags.
func (o *serveOptions) validate(args []string) error {
	switch {
	case len(args) > 0 && o.from == "":
		return fmt.Errorf("serve accepts no arguments: the file to serve is a flag: --from %s", cli.Quote(args[0]))
	case len(args) > 0:
		return fmt.Errorf("serve accepts no arguments; remove %s", cli.Quote(args[0]))
	case o.from == "":
		return errors.New("--from is required: the snapshot to serve")
	case (o.certFile == "") != (o.keyFile == ""):
		return errors.New("TLS requires both --cert-file and --key-file")
	case o.certFile == "" && (o.trustedCAFile != "" || o.clientCertAuth):
		return errors.New("--trusted-ca-file and --client-cert-auth require --cert-file and --key-file")
	case o.clientCertAuth && o.trustedCAFile == "":
		return errors.New("--client-cert-auth requires --trusted-ca-file")
	}
	host, port, err := net.SplitHostPort(o.listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("--listen %s is not an address: use HOST:PORT, such as 127.0.0.1:2379", o.listen)
	}
	if ip := net.ParseIP(host); o.certFile == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %s can be reached from other machines: use 127.0.0.1 or localhost, or serve TLS with --cert-file and --key-file", o.listen)
	}
	return nil
}

func newServe(a *app) *cobra.Command {
	o := &serveOptions{}
	cmd := &cobra.Command{
		Use:   "serve --from <file> [options]",
		Short: "Serve a snapshot with a real etcd server",
		Long: `Start a real etcd server on a private copy of a snapshot, or of what a stopped
member would serve, with its history, leases, users and roles. Any client can connect to it: etcdctl, a graphical tool,
or a kube-apiserver in a sandbox. What they write stays in the copy. Ctrl-C ends
the server and removes the copy, unless --keep names its directory.

In the copy leases do not expire, unless --run-leases is given, and NOSPACE alarms
are disarmed. With --no-auth it has no authentication, which is the way back from
a lost root password. Without TLS flags it serves this machine only.`,
		Example: `  etcdutl serve --from backup.db
  etcdutl serve --from /var/lib/etcd
  etcdutl serve --from /var/backups/etcd --at "10 minutes ago"
  etcdutl serve --from backup.db --listen 127.0.0.1:2379 --keep data
  etcdutl serve --from backup.db --no-auth
  etcdutl serve --from backup.db -w json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(args); err != nil {
				return cli.Exit(cli.BadArgs, err)
			}
			if err := o.past.check(a, cmd.Flags()); err != nil {
				return err
			}
			p, err := a.output.Printer(a.streams.Out)
			if err != nil {
				return err
			}
			ctx, stop := cli.Interruptible(cmd.Context())
			defer stop()
			return o.run(ctx, a, p)
		},
	}
	o.addFlags(cmd)
	return cmd
}

// run makes the copy and serves it until ctx is done.
func (o *serveOptions) run(ctx context.Context, a *app, p *printer.Printer) (err error) {
	path, err := cli.Beside(program, serverProgram)
	if err != nil {
		return err
	}
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "etcdutl-serve-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	copied, err := o.copy(ctx, a, dir)
	if err != nil {
		return err
	}
	o.note(a, copied)
	child, err := startServer(a.streams, path, o.serverArgs(copied))
	if err != nil {
		return err
	}
	defer child.stop()
	ready, err := child.ready(ctx)
	if err != nil {
		return err
	}
	err = p.Print(view.Serving{
		Path: o.from, Endpoint: ready.Endpoint, Version: ready.Version, DataDir: o.keep,
		Revision: copied.Revision, Keys: int64(copied.TotalKeys), CAFile: o.caFile(),
	})
	if err != nil {
		return err
	}
	if copied.Changed.AuthDisabled {
		fmt.Fprintf(a.streams.Err, rootPassword, ready.Endpoint)
	}
	if err := child.wait(ctx); err != nil {
		return err
	}
	if o.keep != "" {
		fmt.Fprintf(a.streams.Err, "The copy is in %[1]s; start it with: etcd --data-dir %[1]s\n", cli.Quote(o.keep))
	}
	return nil
}

// rootPassword tells how to get back into a cluster whose root password is lost.
const rootPassword = `To replace a lost root password, run these commands while the server runs, and
then restore recovered.db with "etcdutl snapshot restore":
  etcdctl --endpoints %[1]s user passwd root
  etcdctl --endpoints %[1]s auth enable
  etcdctl --endpoints %[1]s --user root snapshot save recovered.db
`

// serverArgs are the arguments of the server program.
func (o *serveOptions) serverArgs(copied restore.Result) []string {
	args := []string{"--data-dir=" + copied.DataDir, "--listen=" + o.listen, fmt.Sprintf("--quota-backend-bytes=%d", max(leastQuota, 2*o.size))}
	if o.keep == "" {
		args = append(args, "--discard")
	}
	if o.certFile != "" {
		args = append(args, "--cert-file="+o.certFile, "--key-file="+o.keyFile)
	}
	if o.trustedCAFile != "" {
		args = append(args, "--trusted-ca-file="+o.trustedCAFile)
	}
	if o.clientCertAuth {
		args = append(args, "--client-cert-auth")
	}
	return args
}

// caFile is what clients verify the server's certificate by, as far as known.
func (o *serveOptions) caFile() string {
	if path := cmp.Or(o.trustedCAFile, o.certFile); path != "" {
		return cli.Quote(path)
	}
	return ""
}

// copy restores the file to a directory, as a cluster of one.
func (o *serveOptions) copy(ctx context.Context, a *app, dir string) (_ restore.Result, err error) {
	c, err := (&source{path: o.from, tail: o.tail, past: o.past}).open(ctx, a)
	if err != nil {
		return restore.Result{}, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	f := c.File()
	o.size = f.Size()
	const member, peer = "default", "http://localhost:2380"
	cfg := restore.Config{
		SnapshotPath: o.from, SkipHashCheck: !f.HasChecksum(), DataDir: dir, InitialMmapSize: defaultMmapSize,
		Name: member, PeerURLs: []string{peer}, InitialCluster: member + "=" + peer, InitialClusterToken: "etcdutl-serve",
		Changes: restore.Changes{NoAuth: o.noAuth, NoSpaceAlarms: true, HoldLeases: !o.runLeases},
		Notice:  func(text string) { fmt.Fprintln(a.streams.Err, text) },
	}
	if c.Dir != nil || o.from == standardInput || o.past.given || repository.Is(o.from) {
		cfg.File = f
	}
	if o.from == standardInput && f.HasChecksum() {
		if err := f.VerifyChecksum(ctx); err != nil {
			return restore.Result{}, err
		}
	}
	return restore.Restore(ctx, cfg)
}

// note says what is otherwise in the copy than in the file.
func (o *serveOptions) note(a *app, r restore.Result) {
	if r.Changed.Alarms > 0 {
		fmt.Fprintf(a.streams.Err, "Note: the NOSPACE alarm of %s is disarmed in the copy\n", cli.Quote(o.from))
	}
	if r.Changed.AuthDisabled {
		fmt.Fprintln(a.streams.Err, "Note: authentication is switched off in the copy")
	}
	if r.Changed.Leases > 0 {
		fmt.Fprintln(a.streams.Err, "Note: leases do not expire in the copy; --run-leases lets them")
	}
}
