package script

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const secureHead = `
## On secure clusters

The formats that are compared once more where a cluster has three members, TLS with client certificates and authentication:
all that are compared with that release. The ids above include what differs there.

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

// secureTable writes in which formats commands are compared on secure clusters of each release, and returns what is
// missing: of each command that asks a server, every format that is compared elsewhere.
func (m *Matrix) secureTable(out *strings.Builder, all map[cell]verdicts, has map[string][]Command) []string {
	var missing []string
	lines := slices.Sorted(maps.Keys(has))
	slices.Reverse(lines)
	fmt.Fprintf(out, "%s| command | %s |\n|%s\n", secureHead, strings.Join(lines, " | "), strings.Repeat(" --- |", len(lines)+1))
	for _, c := range m.commands {
		name, ok := strings.CutPrefix(string(c), "etcdctl ")
		asks := func(line string) bool { return slices.Contains(has[line], c) && !slices.Contains(serverless(), c) }
		if !ok || !slices.ContainsFunc(lines, asks) {
			continue
		}
		fmt.Fprintf(out, "| `%s` |", name)
		for _, line := range lines {
			text := "ours alone"
			if asks(line) {
				var not []string
				text, not = secureFormats(all, c, line)
				missing = append(missing, not...)
			}
			fmt.Fprintf(out, " %s |", text)
		}
		out.WriteByte('\n')
	}
	return missing
}

// secureFormats lists the formats in which a command is compared on secure clusters of a release, and what is missing.
func secureFormats(all map[cell]verdicts, c Command, line string) (text string, missing []string) {
	var there []string
	for _, format := range formats() {
		at := cell{command: string(c), format: format, run: line}
		switch {
		case len(all[at.secure()]) > 0:
			there = append(there, format)
		case len(all[at]) > 0:
			missing = append(missing, fmt.Sprintf("a comparison of %s -w %s on %s", c, format, at.secure().run))
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
