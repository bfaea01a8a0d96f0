package ctlv2

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/keyspace/retry"
	"etcdkit/keyspace/transfer"
)

type copyOptions struct {
	prefix, destPrefix string
	hidden             []string
	dryRun             bool
	resume             string
	onConflict         string
	dest               string
	to                 conn.Destination
}

// conflictModes are the values of --on-conflict, in the order of the modes.
func conflictModes() []string {
	return []string{transfer.Fail.String(), transfer.Skip.String(), transfer.Overwrite.String()}
}

func (o *copyOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.prefix, "prefix", "/", "copy this `directory`, or this key")
	fs.StringVar(&o.destPrefix, "dest-prefix", "", "prefix in v3, if different from --prefix")
	fs.StringSliceVar(&o.hidden, "hidden", nil, "copy this hidden `key` or directory as well; may be given more than once")
	fs.BoolVar(&o.dryRun, "dry-run", false, "read both sides, print what would be written, and write nothing")
	fs.StringVar(&o.resume, "resume", "", "record progress in this `file`, and resume from there if it exists")
	fs.StringVar(&o.onConflict, "on-conflict", "fail", "what to do with keys whose value in v3 differs: "+strings.Join(conflictModes(), ", "))
	fs.StringVar(&o.dest, "dest", "", "`endpoints` of v3, if they are not those of v2, separated by commas")
	o.to.AddTo(fs)
}

// validate checks arguments and flags, and brings them into form.
func (o *copyOptions) validate(cmd *cobra.Command, args []string) (transfer.Mode, error) {
	if err := noArguments(args); err != nil {
		return 0, err
	}
	mode := slices.Index(conflictModes(), o.onConflict)
	switch {
	case mode < 0:
		return 0, cli.Exit(cli.BadFeature, fmt.Errorf("unknown value %q of --on-conflict: it is one of %s", o.onConflict, strings.Join(conflictModes(), ", ")))
	case o.resume != "" && o.dryRun:
		return 0, badArgs("`--resume` and `--dry-run` cannot be set at the same time, choose one")
	}
	o.prefix = path.Clean("/" + o.prefix)
	if o.prefix != "/" && !cmd.Flags().Changed("dest-prefix") {
		o.destPrefix = o.prefix
	}
	for i, key := range o.hidden {
		o.hidden[i] = path.Clean("/" + key)
		if hiddenIn(o.hidden[i], []string{o.prefix}) == "" {
			return 0, badArgs(fmt.Sprintf("--hidden %s: is not hidden, or not below --prefix %s", key, o.prefix))
		}
	}
	return transfer.Mode(mode), nil
}

func newCopyToV3(a *app) *cobra.Command {
	o := &copyOptions{}
	cmd := &cobra.Command{
		Use:   "copy-to-v3 [options]",
		Short: "Copy the tree, or a part of it, into the keys of v3",
		Long: `Copy the keys of v2 into v3, of the same cluster or, with --dest, of another one.
v2 is only read. The name of a v3 key is the whole path of the v2 key, or begins
with --dest-prefix instead of --prefix. Directories have no counterpart: empty
ones are counted and dropped. A key with a time to live, or in a directory with
one, gets a lease for the remaining time; keys that expire in the same second
share a lease.

Keys that already exist in v3 with the same value, and the same time to live
within five seconds, are left unchanged, so that a second run changes nothing. If
a key in v3 differs, nothing at all is written, unless --on-conflict says to skip
or overwrite such keys. After writing, both sides are read again and compared;
keys that have changed in v2 meanwhile are counted separately. Reading a tree is
one request and may take two minutes, or --total-timeout if that is longer.

An interrupted copy is resumed with the same --resume and the same flags: the
same cluster, prefixes, --hidden and --on-conflict.

v2 lists no hidden keys, whose names begin with _. Those among the last thousand
changes of v2 are named; --hidden copies one, with what is below it. "etcdutl v2
export" finds them all in a data directory.`,
		Example: `  etcdctl copy-to-v3 --dry-run
  etcdctl copy-to-v3 --prefix /app --dest-prefix /v2/app --resume copy.state
  etcdctl copy-to-v3 --hidden /_fleet --on-conflict skip
  etcdctl copy-to-v3 --dest https://10.0.1.7:2379 --dest-cacert ca.crt --dest-user root`,
		RunE: func(cmd *cobra.Command, args []string) error {
			mode, err := o.validate(cmd, args)
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), a, mode)
		},
	}
	o.addFlags(cmd.Flags())
	cli.CompleteFlag(cmd, "on-conflict", conflictModes()...)
	return cmd
}

func (o *copyOptions) run(ctx context.Context, a *app, mode transfer.Mode) error {
	p, err := a.printer(formatSimple, formatJSON)
	if err != nil {
		return err
	}
	limit := max(longestTree, a.flags.totalTimeout)
	a.flags.timeout = max(a.flags.timeout, limit)
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	source := &copySource{session: s, names: transfer.Names{From: o.prefix, To: o.destPrefix}, hidden: o.hidden, limit: limit}
	bar := a.streams.Progress("copied", cli.Items)
	defer bar.Done()
	v3 := &copyDest{options: o, app: a, retry: &retry.Retrier{Timeout: a.flags.totalTimeout, Patience: 2 * a.flags.totalTimeout}}
	defer v3.close()
	v3.retry.Report = func(err error) {
		if err != nil {
			bar.Line("Trying again: " + err.Error())
			return
		}
		bar.Line("v3 has answered again")
	}
	sum, err := transfer.Run(ctx, transfer.Options{
		Read: source.noting(bar.Line), Open: func(ctx context.Context) (transfer.KV, error) { return v3.open(ctx, s.members()) },
		Retry: v3.retry, Mode: mode, DryRun: o.dryRun, Resume: o.resume, Names: source.names, Hidden: o.hidden,
		Note: bar.Line, Progress: bar.Set,
	})
	bar.Done()
	if err == nil || sum.Left < sum.Keys {
		if failed := p.Print(copied{sum}); err == nil {
			err = failed
		}
	}
	if err != nil && o.resume != "" && sum.Written+sum.Before > 0 && sum.Verified == nil {
		err = fmt.Errorf("%w; run the same command again to resume", err)
	}
	return err
}
