package cli

import (
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/printer"
)

// Output is how results are to be printed: the flags that both programs have
// for it.
type Output struct {
	format, compat string
	hex            bool
}

// AddTo adds the flags to a root command. program is the name of upstream's.
func (o *Output) AddTo(root *cobra.Command, program string) {
	fs := root.PersistentFlags()
	formats, releases := printer.Names(), printer.Releases()
	fs.StringVarP(&o.format, "write-out", "w", "simple", "output format: "+strings.Join(formats, ", "))
	fs.StringVar(&o.compat, "compat", "", "print as this `release` of "+program+" does: "+strings.Join(releases, ", "))
	CompleteFlag(root, "write-out", formats...)
	CompleteFlag(root, "compat", releases...)
}

// AddHexTo adds the flag that shows bytes and ids in hexadecimal.
func (o *Output) AddHexTo(root *cobra.Command) {
	root.PersistentFlags().BoolVar(&o.hex, "hex", false, "show bytes and ids in hexadecimal")
}

// Format returns the name of the format asked for, which may not exist.
func (o *Output) Format() string { return o.format }

// Printer returns a printer to w of the format and the release asked for.
func (o *Output) Printer(w io.Writer) (*printer.Printer, error) {
	r, err := o.Release()
	if err != nil {
		return nil, err
	}
	p, err := printer.New(w, o.format, printer.Options{Hex: o.hex, Release: r})
	if errors.Is(err, printer.ErrFormat) {
		return nil, Exit(BadFeature, err)
	}
	return p, err
}

// Release returns the release asked for.
func (o *Output) Release() (printer.Release, error) {
	r, err := printer.ParseRelease(o.compat)
	return r, Exit(BadFeature, err)
}

// CompleteFlag makes shells offer the values of a flag that cmd has. It panics
// where cmd has no such flag.
func CompleteFlag(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}
