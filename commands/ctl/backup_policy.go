package ctl

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"etcdkit/backup"
	"etcdkit/commands/cli"
)

// policyOptions are the flags that say which backups stay.
type policyOptions struct {
	policy backup.Policy
	within string
}

func (o *policyOptions) addTo(fs *pflag.FlagSet) {
	for _, one := range []struct {
		to    *int
		name  string
		usage string
	}{
		{&o.policy.Last, "last", "keep the newest `N` backups"},
		{&o.policy.Hourly, "hourly", "keep the newest backup of each of the last `N` hours that have one"},
		{&o.policy.Daily, "daily", "keep the newest backup of each of the last `N` days that have one"},
		{&o.policy.Weekly, "weekly", "keep the newest backup of each of the last `N` weeks that have one"},
		{&o.policy.Monthly, "monthly", "keep the newest backup of each of the last `N` months that have one"},
		{&o.policy.Yearly, "yearly", "keep the newest backup of each of the last `N` years that have one"},
	} {
		fs.IntVar(one.to, "keep-"+one.name, 0, one.usage)
	}
	fs.StringVar(&o.within, "keep-within", "", "keep backups that are at most this `duration` older than the newest one, such as 7d or 36h")
}

// check checks the flags. A policy without a rule is one that keeps everything or
// nothing; that is for the caller to say.
func (o *policyOptions) check() (err error) {
	p := o.policy
	for _, n := range []int{p.Last, p.Hourly, p.Daily, p.Weekly, p.Monthly, p.Yearly} {
		if n < 0 {
			return argsError("the --keep flags must not be negative")
		}
	}
	if o.within != "" {
		if o.policy.Within, err = days(o.within); err != nil || o.policy.Within <= 0 {
			return argsError("--keep-within %s: give a duration such as 7d or 36h", cli.Quote(o.within))
		}
	}
	return nil
}

// days reads a duration, which may be a number of days.
func days(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		d, err := strconv.ParseUint(n, 10, 16)
		return time.Duration(d) * 24 * time.Hour, err //nolint:gosec // it has 16 bits
	}
	return time.ParseDuration(s)
}
