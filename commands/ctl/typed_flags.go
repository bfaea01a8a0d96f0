package ctl

import (
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
)

// connectionFlags are the flags that say which cluster is meant and who asks,
// without secrets.
func connectionFlags() []string {
	return []string{contextFlag, "endpoints", "discovery-srv", "discovery-srv-name", "cacert", "cert", "key", "key-password-file", "user", "password-file", "insecure-skip-tls-verify", "insecure-transport", "insecure-discovery"}
}

// typedFlags returns the connection flags of the command line, for a further
// command about the same cluster. What the environment sets or a context is left
// out, because it applies to that command as well, and so is a password.
func typedFlags(a *app, cmd *cobra.Command) []string {
	var all []string
	for _, name := range connectionFlags() {
		f := cmd.InheritedFlags().Lookup(name)
		if f == nil || a.context.origins[name] != "flag" {
			continue
		}
		value := strings.Trim(f.Value.String(), "[]")
		switch {
		case name == "user":
			value, _, _ = strings.Cut(value, ":")
		case name == "endpoints":
			value = conn.WithoutUsers(value)
		case f.Value.Type() == "bool":
			all = append(all, "--"+name+"="+value)
			continue
		}
		all = append(all, "--"+name+" "+cli.Quote(value))
	}
	return all
}

// withFlags adds flags to a command of etcdctl. The command's own --endpoints
// take precedence.
func withFlags(command string, flags []string) string {
	rest, is := strings.CutPrefix(command, program+" ")
	if !is {
		return command
	}
	words := []string{program}
	for _, f := range flags {
		if !strings.HasPrefix(f, "--endpoints ") || !strings.Contains(rest, "--endpoints ") {
			words = append(words, f)
		}
	}
	return strings.Join(append(words, rest), " ")
}
