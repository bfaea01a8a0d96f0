package doctor

import (
	"fmt"
	"strings"

	"github.com/coreos/go-semver/semver"

	"etcdkit/internal/upgrades"
)

// UpgradeTargets returns the releases that an upgrade can be checked for.
func UpgradeTargets() []string { return upgrades.Targets() }

// UpgradeChecks returns the checks that run only before an upgrade, in addition
// to the others.
func UpgradeChecks() []Check { return []Check{upgradeStep(), upgradeRelease(), upgradeStorage()} }

// upgrading collects, by value, the members that are in the way of the planned
// upgrade.
func (p *Picture) upgrading(wrong func(u upgrades.Upgrade, m *Member, v *semver.Version) string) []Finding {
	u, is := upgrades.To(p.UpgradeTo)
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
			return p.upgrading(func(u upgrades.Upgrade, _ *Member, v *semver.Version) string {
				switch {
				case v.LessThan(*upgrades.Minor(u.From)):
					return fmt.Sprintf("%s must be upgraded to %s first", v, u.From)
				case v.Major > upgrades.Minor(u.To).Major || v.Minor > upgrades.Minor(u.To).Minor:
					return fmt.Sprintf("%s is newer than %s", v, u.To)
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
			return p.upgrading(func(u upgrades.Upgrade, _ *Member, v *semver.Version) string {
				least := semver.New(u.Least)
				if v.Major == least.Major && v.Minor == least.Minor && v.LessThan(*least) {
					return fmt.Sprintf("%s, at least %s is needed: %s", v, least, u.Why)
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
			return p.upgrading(func(u upgrades.Upgrade, m *Member, v *semver.Version) string {
				stored, err := semver.NewVersion(m.Status().GetStorageVersion())
				own := fmt.Sprintf("%d.%d", v.Major, v.Minor)
				if err != nil || own != u.From || !stored.LessThan(*upgrades.Minor(u.From)) {
					return ""
				}
				return fmt.Sprintf("server %s, storage %s", v, strings.TrimSuffix(stored.String(), ".0"))
			})
		},
	}
}
