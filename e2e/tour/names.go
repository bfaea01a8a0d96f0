package tour

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"etcdkit/e2e/cluster"
)

// names translates between values that differ from run to run and their form on
// the page. Ids and addresses are translated both ways, so that the commands on
// the page are those that are run; measurements only onto the page.
type names struct {
	real   map[string]string // by their form on the page
	learn  []rule
	masked []rule
}

// A rule is the page's text for the first group of a pattern.
type rule struct {
	shown   string
	pattern *regexp.Regexp
}

// initialCluster is a list of members as etcd's flag of that name has it. Servers list them by id, and that of a member that
// joins depends on the time.
var initialCluster = regexp.MustCompile(`\bm\d=http[^",]*(,m\d=http[^",]*)+`)

func byName(list string) string {
	members := strings.Split(list, ",")
	slices.Sort(members)
	return strings.Join(members, ",")
}

// newRule reads a directive: its word, the text to show with _ for a blank, and
// the pattern.
func newRule(words []string) (rule, error) {
	if len(words) != 3 {
		return rule{}, fmt.Errorf("usage: %s SHOWN REGEXP", words[0])
	}
	re, err := regexp.Compile("(?m)" + words[2])
	if err == nil && re.NumSubexp() != 1 {
		err = fmt.Errorf("%s: one group stands for %s", words[2], words[1])
	}
	return rule{strings.ReplaceAll(words[1], "_", " "), re}, err
}

// id names an id, which some outputs have in decimal.
func (n *names) id(shown string, real uint64) error {
	id, err := strconv.ParseUint(shown, 16, 64)
	if err != nil {
		return err
	}
	n.real[shown] = fmt.Sprintf("%x", real)
	n.real[strconv.FormatUint(id, 10)] = strconv.FormatUint(real, 10)
	return nil
}

// forRun returns a command of the page with the real values.
func (n *names) forRun(text string) string {
	return n.replace(text, func(shown string) (string, string) { return shown, n.real[shown] })
}

// forPage is an output as the page shows it.
func (n *names) forPage(text string) string {
	var waiting []rule
	for _, r := range n.learn {
		if found := r.pattern.FindStringSubmatch(text); found != nil {
			n.real[r.shown] = found[1]
		} else {
			waiting = append(waiting, r)
		}
	}
	n.learn = waiting
	for _, real := range n.real {
		text = cluster.Unpad(text, real)
	}
	text = n.replace(text, func(shown string) (string, string) { return n.real[shown], shown })
	for _, r := range n.masked {
		text = r.mask(text)
	}
	return align(initialCluster.ReplaceAllStringFunc(text, byName))
}

// replace replaces the longest of several names that begin alike.
func (n *names) replace(text string, pair func(shown string) (from, to string)) string {
	all := slices.SortedFunc(maps.Keys(n.real), func(a, b string) int {
		a, _ = pair(a)
		b, _ = pair(b)
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	var pairs []string
	for _, shown := range all {
		from, to := pair(shown)
		pairs = append(pairs, from, to)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func (r rule) mask(text string) string {
	var out strings.Builder
	end := 0
	for _, at := range r.pattern.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[end:at[2]])
		out.WriteString(r.shown)
		end = at[3]
	}
	return out.String() + text[end:]
}
