package ctl

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/cluster/doctor"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/commands/read"
	"etcdkit/report/bundle"
	"etcdkit/report/redact"
)

type bundleOptions struct {
	keys     read.KeysFlags
	to       read.Document
	withKeys bool
	logs     []string
}

func newBundle(a *app) *cobra.Command {
	o := &bundleOptions{to: read.Document{Kind: "bundle"}}
	cmd := &cobra.Command{
		Use:   "bundle [options] [prefix]",
		Short: "Pack what is known of the cluster into one file for support",
		Long: `Examine the cluster and pack what is found as data into one archive that can be
passed on: what doctor finds, the members with their status, health, hashes,
versions and metrics, the alarms, the bytes by prefix, the history and the
leases. Its first entry, README.txt, lists the others.

Names of keys are replaced by hashes, with which directories stay directories,
unless --with-keys is given. Values are never in it. Passwords, tokens, private
keys and the users in URLs are removed where they can be recognised, also from
the logs that --log adds; look through those before you pass them on.

All keys with the prefix are read once, as by du. What can't be read is listed
in README.txt and on standard error, and does not change the exit code; it is 1
if no member answers, and the bundle then says why.`,
		Example: `  etcdctl bundle
  etcdctl bundle -o bundle.tar.gz --log /var/log/etcd.log
  journalctl -u etcd | etcdctl bundle --log - -o - | ssh support 'cat > b.tar.gz'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.keys.Arguments(cmd, args); err != nil {
				return err
			}
			if err := o.to.Check(&a.streams); err != nil {
				return err
			}
			return o.run(cmd, a)
		},
	}
	o.to.AddTo(cmd, "etcd-bundle.tar.gz")
	o.keys.AddTo(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&o.withKeys, "with-keys", false, "show the names of keys")
	fs.StringArrayVar(&o.logs, "log", nil, "add this log `file`, without secrets and names of keys; - is standard input. Can be given several times")
	return curlRefuses(cmd, "it makes many requests")
}

// run makes the bundle.
func (o *bundleOptions) run(cmd *cobra.Command, a *app) error {
	d, _, err := a.endpointDialer(cmd)
	if err != nil {
		return err
	}
	var b *bundle.Bundle
	defer func() {
		if b != nil {
			_ = b.Close() // it is a temporary file
		}
	}()
	var unseen error
	err = o.to.Save(cmd.Context(), &a.streams, a.output.Printer, func() (read.Content, error) {
		if b, err = o.begin(a, d); err != nil {
			return nil, err
		}
		if unseen, err = o.fill(cmd, a, d, b); err != nil {
			return nil, err
		}
		for _, m := range b.Missing() {
			fmt.Fprintf(cli.Visible(a.streams.Err), "Not read: %s: %s\n", m.What, m.Why)
		}
		return b.Write, nil
	})
	if err == nil && unseen != nil {
		return unseen
	}
	return err
}

// begin returns an empty bundle.
func (o *bundleOptions) begin(a *app, d *conn.Dialer) (*bundle.Bundle, error) {
	with := bundle.Options{At: a.streams.Time(), Program: program + " " + cli.Build(), Redact: redact.New(d.Secrets()...)}
	if !o.withKeys {
		with.Names = bundle.NewNames(o.keys.Separator)
	}
	return bundle.New(with)
}

// fill examines the cluster and adds what is found. If no member answers, unseen is
// why.
func (o *bundleOptions) fill(cmd *cobra.Command, a *app, d *conn.Dialer, b *bundle.Bundle) (unseen, err error) {
	p, err := examineAll(cmd.Context(), a, d)
	if err != nil {
		return nil, err
	}
	b.Subject = fmt.Sprintf("cluster %x", p.ClusterID)
	for i := range p.Keys {
		p.Keys[i].Name = b.Names.Of(p.Keys[i].Name)
	}
	seen := &overview{picture: p, doctor: doctor.Examine(p, doctor.Checks())}
	if len(p.Members) == 0 {
		unseen = cli.Recode(cli.Failure, unanswered(p)) // whatever the login of one was
		b.Subject = "no member answered"
		b.Miss("the cluster", unseen.Error())
	} else if seen, err = overlook(cmd, a, d, p, &o.keys); err != nil {
		return nil, err
	}
	for _, m := range seen.missing {
		b.Miss(m.What, o.hide(b, m.Why))
	}
	for _, g := range seen.doctor.Unchecked {
		b.Miss(g.What, g.Why)
	}
	if err := seen.pack(cmd.Context(), a, d, b); err != nil {
		return nil, err
	}
	return unseen, o.addLogs(cmd, a, b)
}

// hide replaces the prefix, which errors repeat, in a text.
func (o *bundleOptions) hide(b *bundle.Bundle, text string) string {
	if o.keys.Prefix == "" {
		return text
	}
	return strings.ReplaceAll(text, o.keys.Prefix, b.Names.Of(o.keys.Prefix))
}

// addLogs adds the logs. One that can't be read is noted.
func (o *bundleOptions) addLogs(cmd *cobra.Command, a *app, b *bundle.Bundle) error {
	for i, path := range o.logs {
		name := fmt.Sprintf("logs/%02d-%s", i+1, fileName(filepath.Base(path)))
		var err error
		if path == "-" {
			err = b.Log(fmt.Sprintf("logs/%02d-stdin.log", i+1), "the log on standard input", a.streams.Input(cmd.Context()))
		} else {
			err = b.LogFile(name, path)
		}
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		if err != nil {
			b.Miss("the log "+path, err.Error())
		}
	}
	return nil
}

// fileName returns a name with which a file, or an entry of an archive, harms
// nobody; "" if nothing is left.
func fileName(name string) string {
	safe := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(name, "_"), "._")
	return safe[:min(len(safe), 60)]
}
