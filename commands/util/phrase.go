package util

import (
	"encoding/json"
	"fmt"
	"strings"

	"etcdkit/commands/cli"
)

// phrase writes a line of upstream's log, as far as scripts wait for it: the
// message, a tab, and JSON with the blanks that zap's console format puts into
// it.
func (a *app) phrase(message string, fields ...any) {
	members := make([]string, 0, len(fields)/2)
	for i := 0; i < len(fields); i += 2 {
		members = append(members, logged(fields[i])+": "+logged(fields[i+1]))
	}
	fmt.Fprintf(cli.Visible(a.streams.Err), "%s\t{%s}\n", message, strings.Join(members, ", "))
}

// logged is a value as zap writes it.
func logged(v any) string {
	if list, ok := v.([]string); ok {
		texts := make([]string, len(list))
		for i, s := range list {
			texts[i] = logged(s)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of a string, a number or a bool
	}
	return string(b)
}
