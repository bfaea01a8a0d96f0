package ctl

import (
	"strings"

	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
)

// connectionFlags are the flags that say which cluster is meant and who asks,
// without secrets.
func connectionFlags() []string {
	return []string{"endpoints", "discovery-srv", "discovery-srv-name", "cacert", "cert", "key", "key-password-file", "user", "insecure-skip-tls-verify", "insecure-transport", "insecure-discovery"}
}

// typedFlags returns the connection flags of the command line, for a further
// command about the same cluster. Flags that the environment sets are left out,
// and so is a password.
func typedFlags(s cli.Streams, fs *pflag.FlagSet) []string {
	var all []string
	for _, name := range connectionFlags() {
		f := fs.Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		value := strings.Trim(f.Value.String(), "[]")
		if value == s.Getenv(cli.EnvName("ETCDCTL", name)) {
			continue
		}
		switch {
		case name == "user":
			value, _, _ = strings.Cut(value, ":")
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
