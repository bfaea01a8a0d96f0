package util

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer/view"
	"etcdkit/snapshot"
)

type verifyOptions struct {
	dataDirs []string
}

func (o *verifyOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&o.dataDirs, "data-dir", nil, "also verify the database of this data `directory`, which no server may be using; can be repeated")
	if err := cmd.MarkFlagDirname("data-dir"); err != nil {
		panic(err) // the flag was added above
	}
}

func newSnapshotVerify(a *app) *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify <filename>...",
		Short: "Verify snapshots and report damage",
		Long: `Check everything that a file can be checked for: its length and checksum, that
each page in use is reached once and the free ones are not, the order of keys and
of revisions, and that all changes, leases, users, roles, members, compactions
and indexes can be decoded and agree with each other.

Each file gets one verdict. For a damaged one it has the first fault of each
kind, with its page, bucket and key; and for every one what could not be
checked. The exit code is 0 when all files are whole. They are only read.`,
		Example: `  etcdutl snapshot verify backup.db
  etcdutl snapshot verify /backups/*.db -w json
  etcdutl snapshot verify --data-dir /var/lib/etcd`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args)+len(o.dataDirs) == 0 {
				return cli.Exit(cli.BadArgs, errors.New("snapshot verify requires at least one file, or --data-dir"))
			}
			p, err := a.output.Printer(a.streams.Out)
			if err != nil {
				return err
			}
			all, err := o.verdicts(cmd.Context(), a, args)
			if err != nil {
				return err
			}
			if err := p.Print(all); err != nil {
				return err
			}
			return failed(all)
		},
	}
	o.addFlags(cmd)
	return cmd
}

// verdicts verifies one file after the other: each one keeps all processors
// busy.
func (o *verifyOptions) verdicts(ctx context.Context, a *app, files []string) (view.Verdicts, error) {
	var all view.Verdicts
	add := func(path string, verify func(string) (snapshot.Report, error)) error {
		r, err := verify(path)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		all = append(all, verdict(path, r, err))
		return nil
	}
	for _, path := range files {
		if path == standardInput {
			f, err := a.openInput(ctx)
			if err != nil && !errors.Is(err, snapshot.ErrCorrupt) {
				return nil, err
			}
			if err := add(path, func(string) (snapshot.Report, error) { return snapshot.VerifyOpened(ctx, f, err) }); err != nil {
				return nil, err
			}
			continue
		}
		if err := add(path, func(path string) (snapshot.Report, error) { return snapshot.Verify(ctx, path) }); err != nil {
			return nil, err
		}
	}
	for _, dir := range o.dataDirs {
		err := add(snapshot.DataDirFile(dir), func(path string) (snapshot.Report, error) {
			return snapshot.VerifyLocked(ctx, path, a.lockTimeout)
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func verdict(path string, r snapshot.Report, err error) view.FileVerdict {
	v := view.FileVerdict{
		File: path, Unchecked: r.Unchecked,
		Revision: r.Revision, Records: r.Records, Leases: r.Leases, Members: r.Members,
	}
	if err != nil {
		v.Error = err.Error()
	}
	for _, f := range r.Faults {
		v.Faults = append(v.Faults, view.Fault{
			Kind: f.Kind.String(), Count: f.Count, Detail: f.First.Detail, Text: f.First.Where(),
			Page: f.First.Page, Bucket: f.First.Bucket, Key: f.First.Key,
		})
	}
	return v
}

// failed is the error of a run in which not all files are whole; the verdicts
// have said why.
func failed(all view.Verdicts) error {
	var bad int
	for _, v := range all {
		if v.Verdict() != view.VerdictOK {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d files failed verification", bad, len(all))
}
