package script

import (
	"regexp"
	"slices"
	"strings"
)

// sortLists sorts lists that a server returns in no fixed order: the keys of a
// lease (a map in the server) and the members of a cluster, whose ids are
// random once one was added.
func sortLists(text string) string {
	for _, list := range []struct{ expr, sep string }{
		{`attached keys\(\[(.*)\]\)`, " "},
		{`"keys":\[(.*?)\]`, ","},
		{`ETCD_INITIAL_CLUSTER="(.*)"`, ","},
		{`"members":\[\{(.*)\}\]`, "},{"},
	} {
		text = sortMatches(text, regexp.MustCompile(list.expr), list.sep)
	}
	for _, expr := range []string{
		`(?:(?m)^"Key" : .*\n)+`,
		`(?:(?m)^\S+: (?:name|peerURLs)=.*\n)+`, // of v2, as are the next
		`(?:(?m)^member \S+ is .*\n)+`,
		`(?:(?m)^[^,\n|]+, (?:started|unstarted), .*\n)+`,
		`(?:(?m)^\| [^|]+ \| +(?:started|unstarted) +\|.*\n)+`,
	} {
		text = regexp.MustCompile(expr).ReplaceAllStringFunc(text, func(block string) string {
			return strings.Join(slices.Sorted(strings.Lines(block)), "")
		})
	}
	return regexp.MustCompile(`(?:(?m)^[23]\.[1-9]: .*\n)+`).ReplaceAllStringFunc(text, sortMembers)
}

// sortMembers sorts members in the text of a protobuf message: a run of lines for each, the first of field 1, its id.
func sortMembers(block string) string {
	var members []string
	for line := range strings.Lines(block) {
		if len(members) == 0 || strings.HasPrefix(line[1:], ".1:") {
			members = append(members, "")
		}
		members[len(members)-1] += line
	}
	slices.Sort(members)
	return strings.Join(members, "")
}

// sortMatches sorts the parts of each match's first group.
func sortMatches(text string, re *regexp.Regexp, sep string) string {
	var out strings.Builder
	last := 0
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		parts := strings.Split(text[m[2]:m[3]], sep)
		slices.Sort(parts)
		out.WriteString(text[last:m[2]] + strings.Join(parts, sep))
		last = m[3]
	}
	return out.String() + text[last:]
}
