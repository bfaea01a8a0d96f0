// Package upgrades has what an upgrade of etcd from one minor release to the next
// requires, for those who check a cluster and those who check a data directory.
package upgrades

import (
	"slices"

	"github.com/coreos/go-semver/semver"
)

// Upgrade is what an upgrade to a minor release requires.
type Upgrade struct {
	To, From string // minor releases
	Least    string // release of every member before
	Why      string
}

// All are the upgrades that are known. Source: the upgrade guides of etcd 3.6 and
// 3.7, and the change logs of 3.5 and 3.6.
func All() []Upgrade {
	return []Upgrade{
		{"3.6", "3.5", "3.5.26", "earlier releases lose promotions of learners (3.5.20), snapshots sent to learners (3.5.24) or bring removed members back (3.5.26)"},
		{"3.7", "3.6", "3.6.11", "the upgrade guide asks for it"},
	}
}

// Targets are the releases that an upgrade is known to.
func Targets() []string {
	var all []string
	for _, u := range All() {
		all = append(all, u.To)
	}
	return all
}

// To returns the upgrade to a release.
func To(target string) (Upgrade, bool) {
	all := All()
	i := slices.IndexFunc(all, func(u Upgrade) bool { return u.To == target })
	if i < 0 {
		return Upgrade{}, false
	}
	return all[i], true
}

// Minor returns a minor release as a version.
func Minor(release string) *semver.Version { return semver.New(release + ".0") }
