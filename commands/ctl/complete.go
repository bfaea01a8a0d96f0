package ctl

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
)

// completionTime bounds what a shell waits for the values of a cluster, unless
// ETCDCTL_COMPLETION_TIMEOUT says otherwise.
const completionTime = 100 * time.Millisecond

func completionTimeout(s cli.Streams) time.Duration {
	if d, err := time.ParseDuration(s.Getenv("ETCDCTL_COMPLETION_TIMEOUT")); err == nil && d > 0 {
		return d
	}
	return completionTime
}

// completionHelp says what is completed.
const completionHelp = `Keys, members, users, roles, leases and backups are completed from the cluster that
the line, the environment or the current context names, if that takes no longer than
ETCDCTL_COMPLETION_TIMEOUT (100ms). ETCDCTL_COMPLETION_LIVE=0 switches this off.

`

var errCompletion = errors.New("nothing is asked while a line is completed")

// lister returns the values that an argument may have, of those that begin with
// word.
type lister func(c *completion, word string) ([]cobra.Completion, cobra.ShellCompDirective)

// completion is the completion of one argument.
type completion struct {
	ctx    context.Context
	app    *app
	cmd    *cobra.Command
	client *conn.Client // nil until it is needed
}

// arguments are what the arguments of commands are, by path; more arguments than
// are listed have no values. Commands that are not listed take none from the
// cluster.
func arguments() map[string][]lister {
	return map[string][]lister{
		"get": {keys, keys}, "put": {keys}, "edit": {keys}, "del": {keys, keys}, "watch": {keys, keys}, "history": {keys},
		"ls": {keys}, "tree": {keys}, "du": {keys}, "top": {keys}, "count": {keys}, "export": {keys}, "browse": {keys}, "diff": {keys, keys},
		"member remove": {members}, "member update": {members}, "member promote": {members}, "member swap": {members}, "move-leader": {members},
		"user get": {users}, "user delete": {users}, "user passwd": {users}, "user grant-role": {users, roles}, "user revoke-role": {users, roles},
		"role get": {roles}, "role delete": {roles}, "role grant-permission": {roles, permissionTypes, keys, keys}, "role revoke-permission": {roles, keys, keys},
		"lease revoke": {leases}, "lease timetolive": {leases}, "lease keep-alive": {leases},
		"backup verify": {backups}, "backup restore": {backups}, "backup drill": {backups}, "backup copy": {backups},
	}
}

// takesFiles are the commands that take the names of files or of programs.
func takesFiles() []string {
	return []string{"import", "snapshot save", "snapshot restore", "snapshot status", "lock"}
}

// completeArguments makes shells offer the arguments of all commands, from the
// cluster that the line names, and the names of files only where files are meant.
func completeArguments(a *app, parent *cobra.Command) {
	all, files := arguments(), takesFiles()
	for _, cmd := range parent.Commands() {
		completeArguments(a, cmd)
		path := strings.TrimPrefix(cmd.CommandPath(), program+" ")
		if cmd.HasSubCommands() || cmd.ValidArgsFunction != nil || len(cmd.ValidArgs) > 0 || slices.Contains(files, path) {
			continue
		}
		listers := all[path]
		cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) >= len(listers) {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return complete(a, cmd, listers[len(args)], word)
		}
		if lease := cmd.Flags().Lookup("lease"); lease != nil {
			_ = cmd.RegisterFlagCompletionFunc("lease", func(cmd *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return complete(a, cmd, leases, word)
			})
		}
	}
}

// complete lists values, or none if that fails, would ask for a password, or takes
// too long: a shell that completes shows no errors.
func complete(a *app, cmd *cobra.Command, list lister, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const nothing = cobra.ShellCompDirectiveNoFileComp
	if a.streams.Getenv("ETCDCTL_COMPLETION_LIVE") == "0" {
		return nil, nothing
	}
	type answer struct {
		values    []cobra.Completion
		directive cobra.ShellCompDirective
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout(a.streams))
	defer cancel()
	found := make(chan answer, 1)
	go func() {
		c := &completion{ctx: ctx, app: a, cmd: cmd}
		defer c.close()
		if c.prepare() != nil {
			found <- answer{nil, nothing}
			return
		}
		values, directive := list(c, word)
		found <- answer{slices.DeleteFunc(values, func(v cobra.Completion) bool { return !strings.HasPrefix(v, word) }), directive | nothing}
	}()
	select {
	case a := <-found:
		return a.values, a.directive
	case <-ctx.Done():
		return nil, nothing
	}
}

// prepare sets the flags that the line does not have.
func (c *completion) prepare() error {
	c.app.streams.In, c.app.streams.Out, c.app.streams.Err = cli.NoInput{Err: errCompletion}, io.Discard, io.Discard
	c.app.context.completing = true
	if err := applyGlobal(c.app, c.cmd); err != nil {
		return err
	}
	if f := c.cmd.Root().PersistentFlags().Lookup("password-command"); f.Value.String() != "" { // it may ask
		return errCompletion
	}
	return nil
}

// dial connects to the cluster.
func (c *completion) dial() (*conn.Client, error) {
	if c.client != nil {
		return c.client, nil
	}
	d, err := c.app.conn.Dialer(c.ctx, c.app.streams)
	if err != nil {
		return nil, err
	}
	c.client, err = d.Dial(c.ctx)
	return c.client, err
}

func (c *completion) close() {
	if c.client != nil {
		_ = c.client.Close()
	}
}
