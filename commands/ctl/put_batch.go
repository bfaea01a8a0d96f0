package ctl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/lines"
)

// putBatch are the flags with which put writes many pairs.
type putBatch struct {
	loadOptions
	format string
}

func batchFormats() []string { return []string{"jsonl", "nul"} }

func (b *putBatch) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&b.format, "batch", "", "write the pairs of standard input, in this `format`: "+strings.Join(batchFormats(), ", "))
	b.loadOptions.addFlags(fs)
}

// misused returns an error where a flag of a batch is given without one, or one
// that a batch does not have with it.
func (b *putBatch) misused(cmd *cobra.Command) error {
	single := []string{"prev-kv", "ignore-value", "ignore-lease", "ttl", modRevFlag}
	var many []string
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&loadOptions{}).addFlags(own)
	own.VisitAll(func(f *pflag.Flag) {
		if f.Name != "create-only" { // which a single put has too
			many = append(many, f.Name)
		}
	})
	wrong, why := many, "--%s requires --batch"
	if b.format != "" {
		wrong, why = single, "`--batch` and `--%s` cannot be set at the same time"
	}
	for _, name := range wrong {
		if cmd.Flags().Changed(name) {
			return cli.Exit(cli.BadArgs, fmt.Errorf(why, name))
		}
	}
	return nil
}

// run writes the pairs of standard input.
func (b *putBatch) run(cmd *cobra.Command, a *app, o *putOptions, args []string) error {
	if len(args) > 0 {
		return cli.Exit(cli.BadArgs, errors.New("put --batch takes no arguments: the pairs come from standard input"))
	}
	format, ok := map[string]lines.Format{"jsonl": lines.JSONLines, "nul": lines.NUL}[b.format]
	if !ok {
		return cli.Exit(cli.BadFeature, fmt.Errorf("unknown value %q of --batch: use one of %s", b.format, strings.Join(batchFormats(), ", ")))
	}
	mode, err := b.mode(cmd.Flags().Changed("on-conflict"))
	if err != nil {
		return err
	}
	lease, err := o.leaseID()
	if err != nil {
		return err
	}
	opts := b.options(mode, format)
	opts.Lease = lease
	return loadPairs(a, cmd, newPairFile(cmd.Context(), a.streams.Announced("pairs", a.streams.In), format), opts)
}
