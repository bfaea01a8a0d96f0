package util

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/internal/upgrades"
	"etcdkit/printer/view"
	"etcdkit/snapshot/preflight"
)

// releaseUnknown is what a data directory can't tell.
const releaseUnknown = "a data directory has the minor release of its cluster alone"

func newCheckUpgrade(a *app) *cobra.Command {
	o := preflight.Options{}
	cmd := &cobra.Command{
		Use:   "upgrade --data-dir {dir} --to {release}",
		Short: "Check whether the data directory of a stopped member can be upgraded",
		Long: `Check whether a server of the next minor release can start on the data directory of
a stopped member, and keeps everything: content of v2 clients in the last raft
snapshot and in the WAL, requests in the WAL that the release does not read, members
that would come back or be lost, the versions of cluster and storage, a downgrade that
is under way, and alarms. The directory is only read.

A running cluster is checked by "etcdctl doctor --upgrade-to".

Exit codes: 0 if nothing was found, 20 for warnings, 21 for errors; 1 and 128 if the
command itself failed.`,
		Example: `  etcdutl check upgrade --data-dir /var/lib/etcd --to 3.6
  etcdutl check upgrade --data-dir /var/lib/etcd --to 3.7 -w json`,
		Args: flagsAsArgs("data-dir", "to"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Target = strings.TrimPrefix(o.Target, "v")
			if !slices.Contains(upgrades.Targets(), o.Target) {
				return cli.Exit(cli.BadArgs, fmt.Errorf("--to %s: use one of %s", o.Target, strings.Join(upgrades.Targets(), ", ")))
			}
			o.Wait = a.lockTimeout
			return a.checkUpgrade(cmd.Context(), o)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.DataDir, "data-dir", "", "the data `directory` to check; required")
	fs.StringVar(&o.WALDir, walDirFlag, "", "where the WAL is if not in the data `directory`")
	fs.StringVar(&o.Target, "to", "", "the `release` to upgrade to: "+strings.Join(upgrades.Targets(), " or ")+"; required")
	mustMark(cmd.MarkFlagRequired("data-dir"), cmd.MarkFlagRequired("to"), cmd.MarkFlagDirname("data-dir"), cmd.MarkFlagDirname(walDirFlag))
	cli.CompleteFlag(cmd, "to", upgrades.Targets()...)
	return cmd
}

func (a *app) checkUpgrade(ctx context.Context, o preflight.Options) error {
	p, err := a.output.Printer(a.streams.Out)
	if err != nil {
		return err
	}
	r, err := preflight.Check(ctx, o)
	if err != nil {
		return err
	}
	a.warnTorn(r.Torn)
	u, _ := upgrades.To(o.Target)
	v := view.Diagnosis{Members: 1, Checks: len(r.Checks), Unchecked: []view.Unchecked{
		{What: "the patch release of the server, which must be " + u.Least + " or later", Why: releaseUnknown, Checks: []string{"upgrade-release"}},
	}}
	for _, f := range r.Findings {
		severity := "warning"
		if f.Error {
			severity = "error"
			v.Errors++
		} else {
			v.Warnings++
		}
		v.Findings = append(v.Findings, view.Finding{Check: f.Check, Severity: severity, Members: []string{r.Member}, Evidence: f.Evidence, Meaning: f.Meaning, Command: f.Command})
	}
	if err := p.Print(v); err != nil {
		return err
	}
	switch {
	case v.Errors > 0:
		return cli.Reported(cli.FoundErrors, errors.New("errors found"))
	case v.Warnings > 0:
		return cli.Reported(cli.FoundWarnings, errors.New("warnings found"))
	}
	return nil
}
