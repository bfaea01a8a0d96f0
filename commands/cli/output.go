package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/printer"
)

// The flags of which one chooses the format.
const (
	formatFlag   = "write-out"
	templateFlag = "template"
	compatFlag   = "compat"
)

// Output is how results are to be printed: the flags that both programs have
// for it.
type Output struct {
	format, template, compat string
	hex, text, wide          bool
	as                       string // in place of compat, see As
	flags                    *pflag.FlagSet
}

// AddTo adds the flags to a root command. program is the name of upstream's.
func (o *Output) AddTo(root *cobra.Command, program string) {
	fs := root.PersistentFlags()
	o.flags = fs
	formats, releases := printer.Names(), printer.ReleaseNames()
	fs.StringVarP(&o.format, formatFlag, "w", "simple", "output format: "+strings.Join(formats, ", "))
	fs.StringVar(&o.template, templateFlag, "", "print each object that -w jsonl would print through this Go `template`")
	fs.BoolVar(&o.text, "text", false, "in json, jsonl, yaml and templates, show keys and values that are UTF-8 as text")
	fs.BoolVar(&o.wide, "wide", false, "keep a table that is wider than the terminal, instead of a block of lines for each row")
	fs.StringVar(&o.compat, compatFlag, "", "print as this `release` of "+program+" does: "+strings.Join(releases, ", "))
	CompleteFlag(root, formatFlag, formats...)
	CompleteFlag(root, compatFlag, releases...)
	AddErrorsTo(root)
}

// AddHexTo adds the flag that shows bytes and ids in hexadecimal.
func (o *Output) AddHexTo(root *cobra.Command) {
	root.PersistentFlags().BoolVar(&o.hex, "hex", false, "show bytes and ids in hexadecimal")
}

// ApplyEnv is [Streams.ApplyEnv] for flags that include these: a format or a
// template on the command line takes precedence, even if the environment sets
// the other one.
func (o *Output) ApplyEnv(s Streams, prefix string, fs *pflag.FlagSet) {
	format, template := o.flags.Changed(formatFlag), o.flags.Changed(templateFlag)
	s.ApplyEnv(prefix, fs)
	switch {
	case template && !format:
		o.format = printer.Template
	case format && !template && o.format != printer.Template:
		o.template = ""
	}
}

// Format returns the name of the format asked for, which may not exist.
func (o *Output) Format() string {
	if o.flags.Changed(templateFlag) && !o.flags.Changed(formatFlag) {
		return printer.Template
	}
	return o.format
}

// Printer returns a printer to w of the format and the release asked for.
func (o *Output) Printer(w io.Writer) (*printer.Printer, error) {
	r, err := o.Release()
	if err != nil {
		return nil, err
	}
	format := o.Format()
	tty, terminal := Terminal(w)
	options := printer.Options{Hex: o.hex, Release: r, UTF8: o.text, Template: o.template, Terminal: terminal}
	if terminal && !o.wide {
		options.Width = columns(tty)
	}
	p, err := printer.New(w, format, options)
	switch {
	case errors.Is(err, printer.ErrFormat):
		return nil, Exit(BadFeature, err)
	case errors.Is(err, printer.ErrTemplate):
		return nil, Exit(BadArgs, err)
	case err == nil && o.template != "" && format != printer.Template:
		return nil, Exit(BadArgs, fmt.Errorf("--template and -w %s exclude each other: leave -w out", format))
	}
	return p, err
}

// As returns the same choices with the shapes of one release, for a command that
// only this release has.
func (o *Output) As(release string) *Output {
	c := *o
	c.as = release
	return &c
}

// Release returns the release asked for.
func (o *Output) Release() (*printer.Release, error) {
	r, err := printer.ParseRelease(o.compat)
	if err == nil && o.as != "" {
		r, err = printer.ParseRelease(o.as)
	}
	return &r, Exit(BadFeature, err)
}

// CompleteFlag makes shells offer the values of a flag that cmd has. It panics
// where cmd has no such flag.
func CompleteFlag(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}
