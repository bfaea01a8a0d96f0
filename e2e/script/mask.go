package script

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"etcdkit/e2e/cluster"
)

// A rule masks one kind of number that differs from run to run, in every format it is printed in.
type rule struct {
	name string
	what string
	res  []*regexp.Regexp // the first group is kept, the rest of the match after it is replaced
	put  string
}

func rules() []rule {
	return []rule{
		{"took", "how long a request took", regexps(
			`(?m)(, took )[0-9.]+(?:ns|µs|ms|s)$`,
			`(took = )[0-9.]+(?:ns|µs|ms|s)\b`,
			`(\. took )[0-9.]+(?:ns|µs|ms|s)\b`,
			`("took":")[0-9.]+(?:ns|µs|ms|s)\b`,
			`("Took" : )"?[0-9.]+(?:ns|µs|ms|s)\b"?`,
			`(?m)(^\|.*\| +)[0-9.]+(?:ns|µs|ms|s)\b`), "$$TOOK"},
		{"dbsize", "database sizes of endpoint status, status and snapshot status, and what an error says of them", regexps(
			`("(?:dbSize|dbSizeInUse|totalSize|size|inUse)":)[0-9]+`,
			`("(?:DBSize|DBSizeInUse|Size)" : )[0-9]+`,
			`([,|] +)[0-9.]+ [kM]?B\b`,
			`([,|] +)[0-9]+%`,
			`(\d +)[0-9.]+ [kM]?B/[0-9.]+ [kMG]?B [0-9]+% +[0-9.]+ [kM]?B\b`,             // of status
			`((?:true|false),(?:true|false),[0-9.]+,)[0-9]+,[0-9]+`,                      // of status as csv
			`((?:nospace|quota)[^\n]*: )[0-9.]+ [kMG]?B of [0-9.]+ [kMG]?B[^\n]* in use`, // of doctor
			`(page )[01]: [0-9]+ pages of [0-9]+ bytes are in use`), "$$SIZE"},           // as the newer meta page says
		{"raftindex", "raft indexes of endpoint status", regexps(
			`("(?:raftIndex|raftAppliedIndex)":)[0-9]+`,
			`("(?:RaftIndex|RaftAppliedIndex)" : )[0-9]+`,
			`((?:true|false), (?:true|false), (?:[0-9]+|\$TERM), )[0-9]+`,
			`((?:true|false), (?:true|false), (?:[0-9]+|\$TERM), \$INDEX, )[0-9]+`,
			`(\| +(?:true|false) +\| +(?:true|false) +\| +(?:[0-9]+|\$TERM) +\| +)[0-9]+`,
			`(\| +(?:true|false) +\| +(?:true|false) +\| +(?:[0-9]+|\$TERM) +\| +\$INDEX +\| +)[0-9]+`), "$$INDEX"},
		{"raftterm", "raft terms of headers and of endpoint status", regexps(
			`("(?:raft_term|raftTerm)":)[0-9]+`,
			`("RaftTerm" : )[0-9]+`,
			`(?m)(^1\.4: )[0-9]+`,
			`((?:true|false), (?:true|false), )[0-9]+`,
			`(\| +(?:true|false) +\| +(?:true|false) +\| +)[0-9]+`), "$$TERM"},
		{"alarmblank", "blanks between the fields of an alarm, which differ from build to build", regexps(
			`(memberID:[0-9a-zA-Z$_]+) +`), " "},
		{"sha256", "checksums, as an error about a snapshot has them", regexps(
			`((?:sha256|got) )(?:\[[0-9 ]+\]|[0-9a-f]{64})`), "$$SHA256"},
		{"times", "points in time, as an error about a certificate has them", regexps(
			`()\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z`), "$$TIME"},
		{"received", "the size of an answer that is refused, which the length of ids is a part of", regexps(
			`(larger than max \()[0-9]+`), "$$BYTES"},
		{"load", "what a check has measured", regexps(
			`(ERROR\(.*\) -> )[0-9]+`,
			`(memory used : )-?[0-9.]+`), "$$N"},
		{"backup", "names, sizes, times and durations of backups", regexps(
			`()\b[0-9]{8}T[0-9]{6}Z(-[0-9]+-)[0-9a-f]{8}\b`), "$$TIME$2$$SUM"},
		{"backupsize", "sizes, times and durations of backups", regexps(
			`()\b[0-9.]+ [kMG]?B\b`,
			`()\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z`,
			`(in )[0-9.]+ s\b`,
			`((?:: |is ))[0-9hm]*[0-9.]+s\b`,
			`((?:bytes with sha256|with) )[0-9a-f]{8}\.\.\.`,
			`((?:manifest: |not ))[0-9]+\b`,
			`(page )[01]: [0-9]+ pages of [0-9]+ bytes are in use`,
			`(read the stored snapshot: )[^\n]+`,
			`("(?:size|stored_size|hashkv)":)[0-9]+`), "$$N"},
		{"remaining", "seconds a lease still has", regexps(
			`(remaining\()[0-9]+s`,
			`("ttl":)[0-9]+`,
			`("TTL" : )[0-9]+`,
			`(?m)(^TTL: )[1-9][0-9]*`), "$$LEFT"},
		{"expiration", "when a key of v2 expires", regexps(
			`("expiration":")[^"]+`), "$$TIME"},
		{"v2index", "indexes of v2, which with several members begin where they happen to", regexps(
			`(?m)(\) \[)[0-9]+`,
			`("(?:created|modified)Index":)[0-9]+`,
			`(?m)(^(?:Created-Index|Modified-Index|Index): )[0-9]+`), "$$INDEX"},
	}
}

const (
	tableWidth = "tablewidth" // the rule that ignores how wide a table's columns are
	listOrder  = "order"      // the rule that sorts unordered lists
)

func regexps(exprs ...string) []*regexp.Regexp {
	res := make([]*regexp.Regexp, 0, len(exprs))
	for _, e := range exprs {
		res = append(res, regexp.MustCompile(e))
	}
	return res
}

// masks are the expected differences that a script declares: rules by name and
// single values.
type masks struct {
	always []rule // no unmask switches these off
	rules  []rule
	width  bool
	order  bool
	values []value // longest first
}

type value struct{ text, name string }

// enable switches a rule on.
func (m *masks) enable(name string) error {
	switch name {
	case tableWidth:
		m.width = true
		return nil
	case listOrder:
		m.order = true
		return nil
	}
	for _, r := range rules() {
		if r.name == name {
			m.rules = append(m.rules, r)
			return nil
		}
	}
	return fmt.Errorf("no mask rule %q", name)
}

// disable switches a rule off that is on.
func (m *masks) disable(name string) error {
	switch {
	case name == tableWidth && m.width:
		m.width = false
		return nil
	case name == listOrder && m.order:
		m.order = false
		return nil
	}
	before := len(m.rules)
	m.rules = slices.DeleteFunc(m.rules, func(r rule) bool { return r.name == name })
	if len(m.rules) == before {
		return fmt.Errorf("mask rule %q is not on", name)
	}
	return nil
}

// ruleSet is a copy of the rules that are on now, with no values.
func (m *masks) ruleSet() masks {
	return masks{always: m.always, rules: slices.Clone(m.rules), width: m.width, order: m.order}
}

// disableAll switches every rule off; values stay.
func (m *masks) disableAll() { m.rules, m.width, m.order = nil, false, false }

// add makes a value appear as $name, or under the name that it already has. A
// value that could appear anywhere by chance is refused, and so is a second
// value for an existing name.
func (m *masks) add(text, name string) error {
	const shortest = 4
	if len(text) < shortest {
		return fmt.Errorf("%q is too short to be masked as $%s", text, name)
	}
	for _, v := range m.values {
		if v.text == text { // two clusters may come from one snapshot and share their ids
			return nil
		}
		if v.name == name {
			return fmt.Errorf("$%s is %q already, not %q", name, v.text, text)
		}
	}
	m.values = append(m.values, value{text, name})
	slices.SortStableFunc(m.values, func(a, b value) int { return len(b.text) - len(a.text) })
	return nil
}

// apply masks a text in an output format, "" for none. In a table a name is padded to the width of its value, so that borders keep their place.
func (m *masks) apply(text, format string) string {
	table := format == "table"
	for _, v := range m.values {
		name := "$" + v.name
		if pad := len(v.text) - len(name); table && !m.width && pad > 0 {
			name += strings.Repeat("~", pad)
		}
		text = replaceWord(cluster.Unpad(text, v.text), v.text, name)
	}
	for _, r := range slices.Concat(m.always, m.rules) {
		for _, re := range r.res {
			text = re.ReplaceAllString(text, "${1}"+r.put)
		}
	}
	if table && m.width {
		text = squeezeTable(text)
	}
	if m.order {
		text = sortLists(text)
	}
	return text
}

// replaceWord replaces old where no letter or digit touches it.
func replaceWord(text, old, repl string) string {
	var out strings.Builder
	for from := 0; ; {
		i := strings.Index(text[from:], old)
		if i < 0 {
			out.WriteString(text[from:])
			return out.String()
		}
		i += from
		end := i + len(old)
		out.WriteString(text[from:i])
		if (i > 0 && isWord(text[i-1])) || (end < len(text) && isWord(text[end])) {
			out.WriteString(old)
		} else {
			out.WriteString(repl)
		}
		from = end
	}
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
