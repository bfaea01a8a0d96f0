package doctor

import (
	"slices"
	"strings"
)

// droppedFlags are the flags that a minor release has and the next one does
// not; the end * stands for any. From the help of etcd 3.5.33, 3.6.16 and 3.7.3,
// and 3.8's change log.
func droppedFlags(minor string) (flags []string, next string) {
	switch minor {
	case "3.5":
		return []string{"enable-v2", "experimental-enable-v2v3", "proxy", "proxy-*"}, "3.6"
	case "3.6":
		return []string{"experimental-*"}, "3.7"
	case "3.7":
		return []string{"snapshot-count", "max-snapshots"}, "3.8"
	}
	return nil, ""
}

func flagsDropped() Check {
	return Check{
		Name: "dropped-flags", Severity: Error, Needs: NeedStatus | NeedFlags,
		Summary: "servers that were started with flags that the next minor release does not have (an error before an upgrade to it)",
		Meaning: "After an upgrade, the server does not start with them. Remove them or use the flags that replace them. Flags in a configuration file or in variables are not seen.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.each(func(m *Member) {
				dropped, next := droppedFlags(minor(m))
				if used := used(m, dropped); len(used) > 0 {
					all = append(all, Finding{Severity: p.upgradeSeverity(next), Members: []string{m.Label()}, Evidence: names(used) + ", which " + next + " does not have", Command: "etcd --help"})
				}
			})
			return all
		},
	}
}

// used returns the flags of a member's command line that are in a list.
func used(m *Member, list []string) []string {
	var all []string
	for _, arg := range m.Seen.Web.Args[min(1, len(m.Seen.Web.Args)):] {
		name, is := strings.CutPrefix(arg, "-")
		if !is {
			continue
		}
		name, _, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if slices.ContainsFunc(list, func(f string) bool { return matches(Check{Name: name}, f) }) {
			all = append(all, "--"+name)
		}
	}
	return all
}

// upgradeSeverity is that of something that keeps a release from starting: an
// error if an upgrade to it is planned.
func (p *Picture) upgradeSeverity(next string) Severity {
	if p.UpgradeTo == next {
		return Error
	}
	return Warning
}

func v2Content() Check {
	return Check{
		Name: "v2-content", Severity: Error, Needs: NeedMetrics | NeedV2,
		Summary: "keys of the v2 interface (an error before an upgrade to 3.6)",
		Meaning: "3.6 has no v2 interface, and refuses to start on a data directory with v2 content. Copy the keys to v3, then delete them.",
		Find: func(p *Picture) []Finding {
			most := 0
			p.each(func(m *Member) { most = max(most, m.Seen.Web.V2Keys) })
			if most == 0 {
				return nil
			}
			return []Finding{{Severity: p.upgradeSeverity("3.6"), Evidence: count(most, "key") + " in the root directory", Command: "ETCDCTL_API=2 etcdctl ls --recursive"}}
		},
	}
}
