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

// addCurlTo adds the flag that has requests shown and not made.
func addCurlTo(a *app, root *cobra.Command) {
	root.PersistentFlags().BoolVar(&a.curl, "curl", false, "make no request, print the line of curl that makes it over etcd's JSON gateway")
}

// heedCurl has a command that is about to run show its request, where --curl
// asks for it. All commands do alike: they run as ever, up to the request. Those
// that make none don't mind the flag.
func heedCurl(a *app, cmd *cobra.Command) {
	if !a.curl {
		return
	}
	rule, ok := ruleOf(cmd)
	if !ok {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if why := rule.refusal(cmd); why != "" {
			return cli.Exit(cli.BadArgs, fmt.Errorf("--curl can't show %q: %s", cmd.CommandPath(), why))
		}
		return showCurl(a, cmd, args, run, rule.methods)
	}
}

// showCurl runs a command whose requests are caught, and prints the lines for
// them.
func showCurl(a *app, cmd *cobra.Command, args []string, run func(*cobra.Command, []string) error, methods []string) error {
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	cmd.SetContext(ctx)
	recorder := a.conn.Record(stop, methods...)
	out := a.streams.Out
	a.streams.Err = hushed{a.streams.Err, recorder}
	a.streams.Out = a.streams.Err // what is asked for on standard input; standard output is for the lines
	failed := run(cmd, args)
	lines, err := recorder.Lines()
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return failed
	}
	if _, err := fmt.Fprintln(out, strings.Join(lines, "\n")); err != nil {
		return cli.Exit(cli.IO, fmt.Errorf("write output: %w", err))
	}
	return nil
}

// hushed passes on what a command says until a request of it has been caught.
// From then on it is about the answer, which there is not.
type hushed struct {
	io.Writer
	recorder *conn.Recorder
}

func (h hushed) Write(b []byte) (int, error) {
	if h.recorder.Caught() {
		return len(b), nil
	}
	return h.Writer.Write(b)
}
