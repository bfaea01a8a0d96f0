package script

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const secureHead = `
## On secure clusters

What is compared with 3.7 once more where a cluster has three members, TLS with client certificates and authentication. The
numbers above count what differs there as well.

`

// serverless are the commands of etcdctl that ask no server.
func serverless() []Command {
	return []Command{"etcdctl completion", "etcdctl help", "etcdctl options", "etcdctl snapshot restore", "etcdctl snapshot status",
		"etcdctl version"}
}

// secure is the same cell of the runs on secure clusters.
func (c cell) secure() cell {
	c.run += secureSuffix
	return c
}

// secureTable writes in which formats commands are compared on secure clusters, and returns what is missing: of each
// command that asks a server, every format that is compared elsewhere.
func (m *Matrix) secureTable(out *strings.Builder, all map[cell]verdicts, has []Command) []string {
	var missing []string
	fmt.Fprintf(out, "%s| command | formats |\n| --- | --- |\n", secureHead)
	for _, c := range m.commands {
		name, ok := strings.CutPrefix(string(c), "etcdctl ")
		if !ok || slices.Contains(serverless(), c) || !slices.Contains(has, c) {
			continue
		}
		text, not := secureFormats(all, c)
		missing = append(missing, not...)
		fmt.Fprintf(out, "| `%s` | %s |\n", name, text)
	}
	return missing
}

// secureFormats lists the formats in which a command is compared on secure clusters, and what is missing.
func secureFormats(all map[cell]verdicts, c Command) (text string, missing []string) {
	var there []string
	for _, format := range formats() {
		at := cell{command: string(c), format: format, run: DefaultLine}
		switch {
		case len(all[at.secure()]) > 0:
			there = append(there, format)
		case len(all[at]) > 0:
			missing = append(missing, fmt.Sprintf("a comparison of %s -w %s on secure clusters", c, format))
		}
	}
	if len(missing) == 0 {
		return "all", nil
	}
	return strings.Join(there, ", "), missing
}

// join is what either says.
func join(a, b verdicts) verdicts {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}
