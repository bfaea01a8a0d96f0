package doctor

import (
	"fmt"
	"strings"

	"github.com/coreos/go-semver/semver"
)

// upgrade is what an upgrade to a minor release requires.
type upgrade struct {
	to, from string // minor releases
	least    string // release of every member before
	why      string
}

// upgrades are the upgrades that --upgrade-to knows. Source: the upgrade guides
// of etcd 3.6 and 3.7, and the change logs of 3.5 and 3.6.
func upgrades() []upgrade {
	return []upgrade{
		{"3.6", "3.5", "3.5.26", "earlier releases lose promotions of learners (3.5.20), snapshots sent to learners (3.5.24) or bring removed members back (3.5.26)"},
		{"3.7", "3.6", "3.6.11", "the upgrade guide asks for it"},
	}
}

// UpgradeTargets returns the releases that an upgrade can be checked for.
func UpgradeTargets() []string {
	var all []string
	for _, u := range upgrades() {
		all = append(all, u.to)
	}
	return all
}

// UpgradeChecks returns the checks that run only before an upgrade, in addition
// to the others.
func UpgradeChecks() []Check { return []Check{upgradeStep(), upgradeRelease(), upgradeStorage()} }

// planned returns the upgrade that a picture was taken for.
func (p *Picture) planned() (upgrade, bool) {
	for _, u := range upgrades() {
		if u.to == p.UpgradeTo {
			return u, true
		}
	}
	return upgrade{}, false
}

// release returns a minor release as a version.
func release(minor string) *semver.Version { return semver.New(minor + ".0") }

// upgrading collects, by value, the members that are in the way of the planned
// upgrade.
func (p *Picture) upgrading(wrong func(u upgrade, m *Member, v *semver.Version) string) []Finding {
	u, is := p.planned()
	if !is {
		return nil
	}
	who := make(map[string][]string)
	var order []string
	p.each(func(m *Member) {
		v := m.Version()
		if v == nil {
			return
		}
		if text := wrong(u, m, v); text != "" {
			if who[text] == nil {
				order = append(order, text)
			}
			who[text] = append(who[text], m.Label())
		}
	})
	var all []Finding
	for _, text := range order {
		all = append(all, Finding{Members: who[text], Evidence: text, Command: statusOfAll})
	}
	return all
}

func upgradeStep() Check {
	return Check{
		Name: "upgrade-step", Severity: Error, Needs: NeedStatus,
		Summary: "with --upgrade-to: members that can't be upgraded to that release directly",
		Meaning: "Upgrades go from one minor release to the next, one member after the other.",
		Find: func(p *Picture) []Finding {
			return p.upgrading(func(u upgrade, _ *Member, v *semver.Version) string {
				switch {
				case v.LessThan(*release(u.from)):
					return fmt.Sprintf("%s must be upgraded to %s first", v, u.from)
				case v.Major > release(u.to).Major || v.Minor > release(u.to).Minor:
					return fmt.Sprintf("%s is newer than %s", v, u.to)
				}
				return ""
			})
		},
	}
}

func upgradeRelease() Check {
	return Check{
		Name: "upgrade-release", Severity: Error, Needs: NeedStatus,
		Summary: "with --upgrade-to: members whose patch release is too old for the upgrade",
		Meaning: "Upgrade every member to the newest patch release of its minor release first.",
		Find: func(p *Picture) []Finding {
			return p.upgrading(func(u upgrade, _ *Member, v *semver.Version) string {
				least := semver.New(u.least)
				if v.Major == least.Major && v.Minor == least.Minor && v.LessThan(*least) {
					return fmt.Sprintf("%s, at least %s is needed: %s", v, least, u.why)
				}
				return ""
			})
		},
	}
}

func upgradeStorage() Check {
	return Check{
		Name: "upgrade-storage", Severity: Error, Needs: NeedStatus,
		Summary: "with --upgrade-to: members whose storage is still of the release before their own",
		Meaning: "The member has not finished its last upgrade. It raises the version of its storage by itself once every entry of its log suits it; upgrade it after that.",
		Find: func(p *Picture) []Finding {
			return p.upgrading(func(u upgrade, m *Member, v *semver.Version) string {
				stored, err := semver.NewVersion(m.Status().GetStorageVersion())
				own := fmt.Sprintf("%d.%d", v.Major, v.Minor)
				if err != nil || own != u.from || !stored.LessThan(*release(u.from)) {
					return ""
				}
				return fmt.Sprintf("server %s, storage %s", v, strings.TrimSuffix(stored.String(), ".0"))
			})
		},
	}
}
