package backup

import (
	"fmt"
	"strings"
	"time"
)

// Policy says which backups stay. A backup stays if any rule keeps it. All
// periods are those of UTC, so that a change of the clock's zone makes no
// difference.
type Policy struct {
	Last    int // the newest ones
	Hourly  int // the newest of each of that many hours that have one
	Daily   int
	Weekly  int // ISO weeks, which begin on Monday
	Monthly int
	Yearly  int
	Within  time.Duration // those that are at most so much older than the newest one
}

// Empty reports whether no rule keeps anything.
func (p Policy) Empty() bool { return p == Policy{} }

// period is a rule that keeps the newest backup of each of the last periods.
type period struct {
	name string
	keep int
	of   func(time.Time) string // names the period that a time is in
}

func (p Policy) periods() []period {
	layout := func(l string) func(time.Time) string {
		return func(t time.Time) string { return t.Format(l) }
	}
	return []period{
		{"hourly", p.Hourly, layout("2006-01-02 15h")},
		{"daily", p.Daily, layout("2006-01-02")},
		{"weekly", p.Weekly, func(t time.Time) string {
			year, week := t.ISOWeek()
			return fmt.Sprintf("%04d-W%02d", year, week)
		}},
		{"monthly", p.Monthly, layout("2006-01")},
		{"yearly", p.Yearly, layout("2006")},
	}
}

// Decision is what becomes of one backup.
type Decision struct {
	Backup *Backup
	Keep   bool
	Why    string
}

// Decide applies the policy to backups, newest first, each cluster's apart from
// those of the others. It returns the decisions in the same order.
//
// The newest verified backup of each cluster stays whatever the rules say. A
// backup that was found damaged counts for no rule, and goes only if a newer
// verified one stays.
func (p Policy) Decide(backups []*Backup) []Decision {
	all := make([]Decision, len(backups))
	byCluster := map[string][]int{}
	for i, b := range backups {
		all[i].Backup = b
		byCluster[b.ClusterID] = append(byCluster[b.ClusterID], i)
	}
	for _, own := range byCluster {
		p.decide(all, own)
	}
	return all
}

// decide decides about the backups of one cluster, given by their places.
func (p Policy) decide(all []Decision, own []int) {
	reasons := make(map[int][]string, len(own))
	keep := func(i int, why string) { reasons[i] = append(reasons[i], why) }
	var good []int
	verified := false
	for _, i := range own {
		b := all[i].Backup
		switch {
		case b.Damage == "":
			good = append(good, i)
			_, how := b.Verification()
			switch {
			case verified:
			case how != None:
				verified = true
				keep(i, "newest verified")
			case b.Unsure:
				keep(i, "a verification record can't be read")
			}
		case !verified:
			keep(i, "damaged, but no newer one is verified")
		}
	}
	for n, i := range good {
		if n < p.Last {
			keep(i, fmt.Sprintf("last %d", n+1))
		}
		if p.Within > 0 && all[good[0]].Backup.Time.Sub(all[i].Backup.Time) <= p.Within {
			keep(i, "within "+p.Within.String())
		}
	}
	for _, one := range p.periods() {
		last, kept := "", 0
		for _, i := range good {
			if kept == one.keep {
				break
			}
			if in := one.of(all[i].Backup.Time.UTC()); in != last {
				last = in
				kept++
				keep(i, one.name+" "+in)
			}
		}
	}
	for _, i := range own {
		all[i].Keep = len(reasons[i]) > 0
		all[i].Why = strings.Join(reasons[i], ", ")
		switch {
		case all[i].Keep:
		case all[i].Backup.Damage != "":
			all[i].Why = "damaged"
		default:
			all[i].Why = "no rule keeps it"
		}
	}
}
