package read

import (
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/diff"
	"etcdkit/printer/view"
)

// Sides opens the two sides of a diff as the arguments and flags of a program
// name them. close closes both.
type Sides func(cmd *cobra.Command, args []string) (older, newer diff.Side, close func() error, err error)

// diffFlags say what to print.
type diffFlags struct {
	decode       DecodeFlags
	patch, brief bool
}

// The exit codes of diff are those of diff(1).
const (
	diffDiffers cli.Code = 1
	diffFailed  cli.Code = 2
)

var errDiffer = errors.New("the two sides differ")

// FinishDiff completes a command that compares two keyspaces: it adds the flags
// for what to print, and the comparison of what open opens. It returns cmd.
func FinishDiff(p Program, cmd *cobra.Command, open Sides) *cobra.Command {
	o := &diffFlags{}
	o.decode.AddFlags(cmd)
	cmd.Flags().BoolVarP(&o.patch, "patch", "p", false, "show how the values differ: text and JSON by lines, bytes in hexadecimal")
	cmd.Flags().BoolVar(&o.brief, "brief", false, "print only how many keys differ")
	run := func(cmd *cobra.Command, args []string) error {
		if o.patch && o.brief {
			return errors.New("`--patch` and `--brief` cannot be set at the same time, choose one")
		}
		out, err := p.Printer(p.Streams.Out)
		if err != nil {
			return err
		}
		decoder, err := o.decode.Decoder(p.Streams, out.Format())
		if err != nil {
			return err
		}
		older, newer, done, err := open(cmd, args)
		if err != nil {
			return err
		}
		defer done() //nolint:errcheck // everything has been read
		var count view.DifferenceCounts
		all := differences(cmd.Context(), older, newer, &count, o.values(decoder))
		if o.brief {
			for _, err := range all {
				if err != nil {
					return err
				}
			}
			err = out.Print(count)
		} else {
			err = out.Print(view.Differences{All: all, Decoder: decoder})
		}
		if err == nil && count != (view.DifferenceCounts{}) {
			return cli.Reported(diffDiffers, errDiffer)
		}
		return err
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return diffError(run(cmd, args)) }
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return diffError(cmd.Root().FlagErrorFunc()(cmd, err)) })
	cmd.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		root := cmd.Root()
		if f := cmd.Flag("curl"); f != nil && f.Changed { // which is refused as elsewhere
			return root.PersistentPreRunE(cmd, args)
		}
		if root.PersistentPreRunE != nil {
			return diffError(root.PersistentPreRunE(cmd, args))
		}
		root.PersistentPreRun(cmd, args)
		return nil
	}
	return cmd
}

// values returns what shows how the values of a change differ.
func (o *diffFlags) values(d view.Decoder) func(diff.Change) string {
	if !o.patch {
		return func(diff.Change) string { return "" }
	}
	return func(c diff.Change) string { return diff.Values(decoded(d, c.Old), decoded(d, c.New)) }
}

// diffError gives every failure the exit code of diff(1).
func diffError(err error) error {
	if errors.Is(err, errDiffer) {
		return err
	}
	return cli.Recode(diffFailed, err)
}

// differences returns the differences as views take them, and counts them.
func differences(ctx context.Context, older, newer diff.Side, count *view.DifferenceCounts, values func(c diff.Change) string) iter.Seq2[view.Difference, error] {
	kinds := map[diff.Kind]*int64{diff.Added: &count.Added, diff.Removed: &count.Removed, diff.Changed: &count.Changed}
	return func(yield func(view.Difference, error) bool) {
		for c, err := range diff.Between(ctx, older, newer) {
			if err != nil {
				yield(view.Difference{}, err)
				return
			}
			*kinds[c.Kind()]++
			d := view.Difference{Kind: string(c.Kind()), Key: c.Key(), Old: c.Old, New: c.New, Patch: values(c)}
			if !yield(d, nil) {
				return
			}
		}
	}
}
