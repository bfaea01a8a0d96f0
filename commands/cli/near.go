package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// synonyms returns names of flags that people use for one another: those of
// both APIs, of other tools, and of the server.
func synonyms() [][]string {
	return [][]string{
		{"endpoints", "endpoint", "peers", "peer", "servers", "server", "host", "hosts"},
		{"cacert", "ca-file", "ca-cert", "cafile", "trusted-ca-file", "ca", "ca-crt", "cert-ca"},
		{"cert", "cert-file", "certfile", "client-cert", "certificate", "crt"},
		{"key", "key-file", "keyfile", "client-key"},
		{"command-timeout", "timeout", "total-timeout", "request-timeout"},
		{"dial-timeout", "connect-timeout", "connection-timeout"},
		{"user", "username"},
		{"password", "pass", "passwd"},
		{"write-out", "output", "format", "out", "output-format", "writeout"},
		{"insecure-skip-tls-verify", "insecure-skip-verify", "skip-tls-verify", "tls-skip-verify", "insecure-tls-skip-verify", "insecure"},
		{"auth-jwt-token", "token", "jwt-token", "auth-token"},
		{"debug", "verbose"},
		{"rev", "revision"},
		{"sort-by", "sort"},
		{"prev-kv", "prev"},
		{"data-dir", "datadir", "dir"},
		{"bump-revision", "revision-bump"},
		{"compat", "compatibility", "release"},
	}
}

// nearest returns which of the valid names is meant by another one, or "".
func nearest(name string, valid []string) string {
	for _, same := range synonyms() {
		if !slices.Contains(same, name) {
			continue
		}
		if i := slices.IndexFunc(same, func(s string) bool { return slices.Contains(valid, s) }); i >= 0 {
			return same[i]
		}
	}
	best, least := "", 3
	for _, v := range slices.Sorted(slices.Values(valid)) {
		const one, two = 5, 9 // how long a name is in which so many letters may be wrong
		d := distance(name, v)
		if d < least && (d <= 1 && len(v) >= one || len(v) >= two) {
			best, least = v, d
		}
	}
	return best
}

// otherNames are names that other tools, other interfaces and older releases have
// for commands, and the command lines that do the same.
func otherNames() map[string][]string {
	return map[string][]string{
		"set": {"put"}, "mk": {"put --create-only"}, "update": {"put"}, "delete": {"del"}, "rm": {"del"}, "unset": {"del"},
		"rmdir": {"del --prefix"}, "mkdir": {"put"}, "setdir": {"put"}, "updatedir": {"put"},
		"keys": {"get --prefix --keys-only", "ls"}, "scan": {"get --prefix"}, "list": {"ls"}, "dir": {"ls"},
		"cluster-health": {"endpoint health --cluster"}, "health": {"endpoint health"}, "ping": {"endpoint health"},
		"members": {"member list"}, "leader": {"status"}, "info": {"status"}, "exec-watch": {"watch"}, "subscribe": {"watch"},
		"users": {"user list"}, "roles": {"role list"}, "leases": {"lease list"}, "alarms": {"alarm list"},
		"save": {"snapshot save"}, "restore": {"snapshot restore"}, "verify": {"snapshot verify"}, "dump": {"export"}, "load": {"import"},
	}
}

// distance is the number of letters that have to be added, removed or replaced
// to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// nearFlag returns the flag of fs that an unknown flag was probably meant for,
// with its dashes, or "".
func nearFlag(fs *pflag.FlagSet, err *pflag.NotExistError) string {
	var valid []string
	fs.VisitAll(func(f *pflag.Flag) { valid = append(valid, f.Name) })
	name := err.GetSpecifiedName()
	if err.GetSpecifiedShortnames() != "" {
		name = map[string]string{"o": "write-out", "e": "endpoints", "u": "user", "p": "prefix", "t": "command-timeout"}[name]
		if !slices.Contains(valid, name) {
			return ""
		}
		return "--" + name
	}
	if near := nearest(strings.ToLower(strings.ReplaceAll(name, "_", "-")), valid); near != "" {
		return "--" + near
	}
	return ""
}

// WarnNearVariables prints one line for each environment variable with the
// prefix that is ignored and looks like one that is not. Scripts for several
// releases set both to the same value, so that is no mistake. valid are the
// names of the variables in the form of flags, such as ca-file for
// ETCDCTL_CA_FILE; current returns the value that is used for such a name.
func (s Streams) WarnNearVariables(prefix string, valid []string, current func(name string) string) {
	var warned []string
	for _, setting := range s.Env {
		variable, value, _ := strings.Cut(setting, "=")
		rest, ok := strings.CutPrefix(variable, prefix+"_")
		name := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		if !ok || value == "" || slices.Contains(valid, name) && rest == strings.ToUpper(rest) || slices.Contains(warned, variable) {
			continue
		}
		meant := name // another case of the letters
		if !slices.Contains(valid, name) {
			meant = nearest(name, valid)
		}
		if meant == "" || current(meant) == value {
			continue
		}
		warned = append(warned, variable)
		fmt.Fprintf(s.Err, "Warning: %s is ignored: did you mean %s?\n", variable, EnvName(prefix, meant))
	}
}

// variables returns the names of the flags of fs, which all have a variable,
// and of the other variables that programs know.
func variables(fs *pflag.FlagSet) []string {
	valid := []string{"api", "config", "watch-key", "watch-range-end"}
	fs.VisitAll(func(f *pflag.Flag) { valid = append(valid, f.Name) })
	return valid
}

// early returns the value of a flag for the whole program before the command
// line is read for good: that on the command line, or of the variable.
func (s Streams) early(prefix, flag string, args []string) string {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.ParseErrorsAllowlist.UnknownFlags = true
	fs.Usage = func() {}
	fs.BoolP("help", "h", false, "")
	value := fs.String(flag, "", "")
	_ = fs.Parse(args) // its errors are found when the line is read for good
	return cmp.Or(*value, s.Getenv(EnvName(prefix, flag)))
}

// Compat returns the value of --compat on a command line of etcdctl, or of its
// variable, from before it is known which commands there are.
func (s Streams) Compat(args []string) string { return s.early("ETCDCTL", compatFlag, args) }
