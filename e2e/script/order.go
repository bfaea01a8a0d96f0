package script

import (
	"regexp"
	"slices"
	"strings"
)

// sortLists sorts what a server lists in no order that would repeat: the keys of a lease (a map in the server) and the
// members of a cluster, whose ids are drawn by lot once one was added.
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
		`(?:(?m)^[^,\n|]+, (?:started|unstarted), .*\n)+`,
		`(?:(?m)^\| [^|]+ \| +(?:started|unstarted) +\|.*\n)+`,
	} {
		text = regexp.MustCompile(expr).ReplaceAllStringFunc(text, func(block string) string {
			return strings.Join(slices.Sorted(strings.Lines(block)), "")
		})
	}
	return text
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
