package ctl

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
)

// The annotations of a command that define its behaviour with --curl. A command
// with neither does not support it.
const (
	curlMethods = "curl methods"       // the methods of the request that it shows
	curlReason  = "curl not supported" // why it shows none
)

// addCurlTo adds the flag that shows requests instead of sending them.
func addCurlTo(a *app, root *cobra.Command) {
	root.PersistentFlags().BoolVar(&a.curl, "curl", false, "print the equivalent curl command instead of sending the request")
}

// curlShows makes --curl show the request of cmd instead of sending it: one of
// the given methods, to one endpoint or to each. Any other request of cmd is
// refused. It returns cmd.
func curlShows(a *app, cmd *cobra.Command, methods ...string) *cobra.Command {
	return curlShowsUnless(a, cmd, func(*cobra.Command) string { return "" }, methods...)
}

// curlShowsUnless is curlShows for a command that can't be shown with some of
// its flags: why then returns the reason.
func curlShowsUnless(a *app, cmd *cobra.Command, why func(*cobra.Command) string, methods ...string) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !a.curl {
			return run(cmd, args)
		}
		if reason := why(cmd); reason != "" {
			return errNoCurl(cmd, reason)
		}
		return showCurl(a, cmd, methods, func() error { return run(cmd, args) })
	}
	return annotate(cmd, curlMethods, strings.Join(methods, " "))
}

// curlRefuses gives the reason for which --curl does not show cmd. It returns
// cmd.
func curlRefuses(cmd *cobra.Command, why string) *cobra.Command {
	return annotate(cmd, curlReason, why)
}

func annotate(cmd *cobra.Command, key, value string) *cobra.Command {
	if cmd.Annotations == nil {
		cmd.Annotations = make(map[string]string)
	}
	cmd.Annotations[key] = value
	return cmd
}

// checkCurl refuses a command that is about to run with --curl and does not
// show its request. Commands that only show help or complete a line are not
// concerned.
func checkCurl(a *app, cmd *cobra.Command) error {
	switch {
	case !a.curl, cmd.Annotations[curlMethods] != "":
		return nil
	case cmd.HasSubCommands(), cmd.Name() == "help", strings.HasPrefix(cmd.Name(), cobra.ShellCompRequestCmd):
		return nil
	case cmd.Annotations[curlReason] != "":
		return errNoCurl(cmd, cmd.Annotations[curlReason])
	}
	return errNoCurl(cmd, "it is not a single request")
}

func errNoCurl(cmd *cobra.Command, why string) error {
	return cli.Exit(cli.BadArgs, fmt.Errorf("--curl can't show %q: %s", cmd.CommandPath(), why))
}

// showCurl runs a command whose requests are caught, and prints the lines for
// them on its standard output. The command's own output, such as a prompt, is
// written to standard error.
func showCurl(a *app, cmd *cobra.Command, methods []string, run func() error) error {
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	cmd.SetContext(ctx)
	recorder := a.conn.Record(stop, methods...)
	usual := a.streams
	defer func() { a.streams = usual }()
	a.streams.Err = hushed{usual.Err, recorder}
	a.streams.Out = a.streams.Err
	failed := run()
	lines, err := recorder.Lines()
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return failed
	}
	if _, err := fmt.Fprintln(usual.Out, strings.Join(lines, "\n")); err != nil {
		return cli.Exit(cli.IO, fmt.Errorf("write output: %w", err))
	}
	return nil
}

// hushed passes on the output of a command until one of its requests has been
// caught. Later output is about the answer, which does not exist.
type hushed struct {
	io.Writer
	recorder *conn.Recorder
}

// Write implements io.Writer.
func (h hushed) Write(b []byte) (int, error) {
	if h.recorder.Caught() {
		return len(b), nil
	}
	return h.Writer.Write(b)
}

// withFlag returns why if a flag has another value than its default.
func withFlag(name, why string) func(*cobra.Command) string {
	return func(cmd *cobra.Command) string {
		if f := cmd.Flags().Lookup(name); f.Value.String() != f.DefValue {
			return why
		}
		return ""
	}
}

// anyOf returns the first reason that there is.
func anyOf(reasons ...func(*cobra.Command) string) func(*cobra.Command) string {
	return func(cmd *cobra.Command) string {
		for _, reason := range reasons {
			if why := reason(cmd); why != "" {
				return why
			}
		}
		return ""
	}
}

// withoutFlag returns why if a flag has its default value.
func withoutFlag(name, why string) func(*cobra.Command) string {
	return func(cmd *cobra.Command) string {
		if withFlag(name, why)(cmd) == "" {
			return why
		}
		return ""
	}
}

// manyWatches returns the reason why a curl command can't replace a watch.
func manyWatches(cmd *cobra.Command) string {
	if cmd.ArgsLenAtDash() >= 0 {
		return "it runs a command for each event"
	}
	if why := withFlag("until-now", "--until-now takes several requests")(cmd); why != "" {
		return why
	}
	return withFlag("interactive", "-i starts several watches")(cmd)
}
