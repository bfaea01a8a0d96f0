package doctor

import (
	"strings"

	"github.com/coreos/go-semver/semver"
)

// flaw is a known fault of releases before a fixed one. Sources: etcd's security
// advisories and its change logs.
type flaw struct {
	name     string
	fixed    []string // the first release without it, of each minor release that has it
	auth     bool     // only with authentication
	severity Severity
}

func flaws() []flaw {
	return []flaw{
		{"members' data may diverge after a crash (etcd #13766)", []string{"3.5.3"}, false, Error},
		{"a cluster of one may lose writes in a crash (etcd #14370)", []string{"3.5.5"}, false, Error},
		{"members' revisions may diverge after a crash during defragmentation (etcd #14685)", []string{"3.5.6"}, false, Error},
		{"watches may miss events after a compaction, and an old leader may revoke leases (etcd #17612, #17425)", []string{"3.5.13"}, false, Warning},
		{"CVE-2021-28235: a password stays in memory", []string{"3.5.8"}, true, Warning},
		{"CVE-2023-32082: lease timetolive shows keys without permission", []string{"3.5.9"}, true, Warning},
		{"CVE-2026-33413, CVE-2026-33343: authorization can be bypassed", []string{"3.5.28", "3.6.9"}, true, Error},
		{"CVE-2026-44283: transactions read keys without permission", []string{"3.5.30", "3.6.11"}, true, Error},
		{"GHSA-xg4h-6gfc-h4m8: watches read keys without permission", []string{"3.5.33", "3.6.14", "3.7.1"}, true, Error},
	}
}

// affects reports whether a release has the flaw, and which release is the
// first without it.
func (f flaw) affects(v *semver.Version) (fixed *semver.Version, has bool) {
	for _, text := range f.fixed {
		fixed := semver.New(text)
		if v.Major == fixed.Major && v.Minor == fixed.Minor {
			return fixed, v.LessThan(*fixed)
		}
	}
	return nil, false
}

// supported is the oldest minor release that still gets fixes.
const supported = "3.5.0"

func knownBadRelease() Check {
	return Check{
		Name: "bad-release", Severity: Error, Needs: NeedStatus | NeedAuth,
		Summary: "releases with known faults in data safety or, with authentication, in access control",
		Meaning: "Upgrade to the newest patch release of the same minor release; that needs no other change.",
		Find: func(p *Picture) []Finding {
			byVersion := make(map[string][]string)
			var order []*semver.Version
			p.each(func(m *Member) {
				v := m.Version()
				if v == nil {
					return
				}
				if byVersion[v.String()] == nil {
					order = append(order, v)
				}
				byVersion[v.String()] = append(byVersion[v.String()], m.Label())
			})
			var all []Finding
			for _, v := range order {
				if f, bad := p.judge(v); bad {
					f.Members, f.Command = byVersion[v.String()], statusOfAll
					all = append(all, f)
				}
			}
			return all
		},
	}
}

// judge returns the finding about a release, if it has faults.
func (p *Picture) judge(v *semver.Version) (f Finding, bad bool) {
	if v.LessThan(*semver.New(supported)) {
		return Finding{Severity: Warning, Evidence: v.String() + " is no longer supported"}, true
	}
	var known []string
	target := v
	for _, one := range flaws() {
		fixed, has := one.affects(v)
		if !has || one.auth && (p.Auth == nil || !p.Auth.Enabled) {
			continue
		}
		known = append(known, one.name)
		f.Severity = max(f.Severity, one.severity)
		if target.LessThan(*fixed) {
			target = fixed
		}
	}
	f.Evidence = v.String() + ", fixed in " + target.String() + ": " + strings.Join(known, "; ")
	return f, len(known) > 0
}
