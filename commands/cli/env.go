package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// ApplyEnv sets each flag of fs that was not given on the command line from
// its environment variable: --dial-timeout of prefix ETCDCTL is
// ETCDCTL_DIAL_TIMEOUT. An empty variable counts as unset.
//
// If a flag and its variable differ, the flag wins. A variable with a value that
// the flag does not accept is ignored, and so is one that only looks like that of
// a flag. Each prints one warning on the error stream.
func (s Streams) ApplyEnv(prefix string, fs *pflag.FlagSet) {
	fs.VisitAll(func(f *pflag.Flag) {
		name := EnvName(prefix, f.Name)
		value := s.Getenv(name)
		switch {
		case value == "":
		case f.Changed:
			if strings.Trim(f.Value.String(), "[]") != value {
				fmt.Fprintf(s.Err, "Warning: --%s is given, so %s is ignored\n", f.Name, name)
			}
		default:
			if err := fs.Set(f.Name, value); err != nil {
				restore(f)
				fmt.Fprintf(s.Err, "Warning: %s is ignored: %v\n", name, FlagError(err))
			}
		}
	})
	s.WarnNearVariables(prefix, variables(fs), func(name string) string {
		if f := fs.Lookup(name); f != nil {
			return strings.Trim(f.Value.String(), "[]")
		}
		return s.Getenv(EnvName(prefix, name))
	})
}

// EnvName returns the name of the environment variable of a flag.
func EnvName(prefix, flag string) string {
	return prefix + "_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// restore resets a flag to its default. Numbers and durations that can't be
// parsed become zero; lists are not changed by values that can't be parsed.
func restore(f *pflag.Flag) {
	if _, list := f.Value.(pflag.SliceValue); !list {
		_ = f.Value.Set(f.DefValue) // which has been set before
	}
}
