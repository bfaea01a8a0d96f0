package ctl

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/lines"
	"etcdkit/keyspace/load"
	"etcdkit/printer/view"
)

// loadPairs writes pairs, with a progress bar, and prints the summary, also if
// it ends early.
func loadPairs(a *app, cmd *cobra.Command, in *pairFile, o load.Options) error {
	s, err := a.open(cmd)
	if err != nil {
		return err
	}
	defer s.client.Close() //nolint:errcheck // nothing is under way any more
	bar := a.streams.Progress("written", cli.Items)
	defer bar.Done()
	o.Open, o.Again = in.open, in.file != nil
	o.Timeout, o.Note, o.Progress = a.conn.Timeout(), bar.Line, bar.Set

	sum, err := load.New(load.Cluster{Client: fence.Cluster{Client: s.client.Client}, Explain: s.client.Explain}, o).Run(cmd.Context())
	bar.Done()
	if err == nil || sum.Read > 0 {
		if failed := s.out.Print(importView(sum, o.DryRun)); err == nil {
			err = failed
		}
	}
	return unused(sum, o, err)
}

func importView(s load.Summary, dryRun bool) view.Import {
	return view.Import{
		Read: s.Read, Written: s.Written, Skipped: s.Skipped, Failed: s.Failed, Broken: s.Broken, Left: s.Left,
		Present: s.Present, DryRun: dryRun,
	}
}

// unused gives the error of a run its exit code, and makes one of pairs that
// were passed over.
func unused(sum load.Summary, o load.Options, err error) error {
	if broken := (*lines.Broken)(nil); errors.As(err, &broken) {
		return cli.Exit(cli.InvalidInput, err)
	}
	switch {
	case err != nil:
		if o.Resume != "" && sum.Read > 0 {
			return fmt.Errorf("%w; run the same command again to resume", err)
		}
		return err
	case sum.Failed > 0:
		return fmt.Errorf("%d of %d pairs were not taken", sum.Failed, sum.Read)
	case sum.Broken > 0:
		return cli.Exit(cli.InvalidInput, fmt.Errorf("%d of %d %ss were broken", sum.Broken, sum.Read, o.Unit))
	}
	return nil
}
