package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
)

// gatewayCase is one command line. In it and in before, {rev} is replaced by
// the store's revision, {member} for the server's id, {url} for its peer URL,
// {newurl} for one that no member has, {lease} for a new lease and {learner}
// for a learner.
type gatewayCase struct {
	line    string
	stdin   string
	before  []string // command lines, run before either way
	wait    []byte   // a stream ends when this has been printed
	refusal string   // the server's words where it has to refuse; after a ? where only some releases do
	says    string   // the output of the command if it is not JSON
	differs []string // members of the answer that differ from one request to the next
}

func gatewayCases() []gatewayCase {
	revisions := []string{"createrevision", "modrevision", "revision"}
	fresh := func(line string, before ...string) gatewayCase {
		return gatewayCase{line: line, before: append([]string{"del k --prefix", "put k1 v1", "put k2 v2"}, before...), differs: revisions}
	}
	user := func(line string, before ...string) gatewayCase {
		return gatewayCase{line: line, before: append([]string{"?user delete bob", "?role delete r"}, before...)}
	}
	return []gatewayCase{
		fresh("get k1"), fresh("get k --prefix --sort-by VALUE --order DESCEND --limit 1 --rev {rev}"), fresh("get k1 k9 --keys-only --consistency s"), fresh("count k"),
		fresh("put k1 it's --prev-kv"), fresh("put k1 --ignore-value --prev-kv"), fresh("put k3 v --lease {lease}"),
		fresh("del k1 --prev-kv"), fresh("del k1 k9 --prev-kv"), fresh("del k --prefix --dry-run"),
		{line: "txn", before: []string{"del k --prefix", "put k1 v1"}, differs: revisions,
			stdin: "mod(\"k1\") > \"0\"\ncreate(\"k2\") = \"0\"\nvalue(\"k1\") != \"it's\"\nlease(\"k1\") = \"0\"\nversion(\"k1\") < \"9\"\n\n" +
				"put k2 \"it's\"\nget k --prefix\ndel k1 --prev-kv\n\nput k3 v\n\n"},
		{line: "compaction {rev} --physical", before: []string{"put k1 v1"}, says: "compacted revision "},
		{line: "watch k --prefix --rev {rev} --prev-kv", before: []string{"del k1", "put k1 old", "put k1 new"}, wait: []byte("mod_revision"), differs: revisions},

		{line: "lease grant 100", differs: []string{"id", "revision"}},
		{line: "lease revoke {lease}"},
		{line: "lease timetolive {lease} --keys", differs: []string{"id", "ttl", "revision"}},
		{line: "lease list", differs: []string{"revision"}},
		{line: "lease keep-alive {lease} --once", differs: []string{"id", "revision"}},

		{line: "endpoint status", differs: []string{"raftindex", "raftappliedindex", "dbsize", "dbsizeinuse"}},
		{line: "endpoint hashkv --rev {rev}", before: []string{"put k v"}, differs: []string{"hash", "hashrevision"}},
		{line: "member list"}, {line: "member list --consistency s"},
		{line: "member add new --learner --peer-urls {newurl}", before: []string{"member remove {learner}"}, differs: []string{"id", "peerurls", "members"}},
		{line: "member remove {learner}"},
		{line: "member update {member} --peer-urls {url}"},
		{line: "member promote {learner}", refusal: "etcdserver: can only promote a learner member which is in sync with leader"},
		{line: "member remove 1", refusal: "etcdserver: member not found", before: []string{"member remove {learner}"}},
		{line: "alarm list"}, {line: "defrag", says: "Finished defragmenting "},
		{line: "move-leader 1", refusal: "etcdserver: bad leader transferee"},
		{line: "downgrade validate 1.0", refusal: "etcdserver: invalid downgrade target version"},
		{line: "downgrade enable 1.0", refusal: "etcdserver: invalid downgrade target version"},
		{line: "downgrade cancel", refusal: "?etcdserver: no inflight downgrade job"},

		{line: "auth status"},
		user("user add bob:secret"), user("user add bob --no-password"), user("user add it's\"\\--no-password --no-password", "?user delete it's\"\\--no-password"),
		user("user delete bob", "user add bob --no-password"),
		{line: "user delete nobody", refusal: "etcdserver: user name not found"},
		user("user get bob", "user add bob --no-password", "role add r", "user grant-role bob r"), user("user list"),
		{line: "user passwd bob --interactive=false", stdin: "secret\n", before: []string{"?user delete bob", "user add bob:x"}},
		user("user grant-role bob r", "user add bob --no-password", "role add r"),
		user("user revoke-role bob r", "user add bob --no-password", "role add r", "user grant-role bob r"),
		user("role add r"), user("role delete r", "role add r"), user("role list", "role add r"),
		user("role get r", "role add r", "role grant-permission r write k", "role grant-permission r read a --prefix"),
		user("role grant-permission r readwrite a b", "role add r"),
		user("role revoke-permission r a b", "role add r", "role grant-permission r readwrite a b"),
	}
}

// prepare runs the lines before. One that begins with ? may fail.
func (c gatewayCase) prepare(t *testing.T, g *gateway) {
	t.Helper()
	for _, line := range c.before {
		optional := strings.HasPrefix(line, "?")
		args := gatewayCase{line: strings.TrimPrefix(line, "?")}.args(t, g)
		if optional {
			g.etcdctl(t, "", nil, args...)
			continue
		}
		g.must(t, args...)
	}
}

// args are the words of the line with its names replaced.
func (c gatewayCase) args(t *testing.T, g *gateway) []string {
	t.Helper()
	args := strings.Fields(c.line)
	for i, word := range args {
		switch word {
		case "{rev}":
			args[i] = g.field(t, "get none", "header", "revision")
		case "{member}":
			args[i] = fmt.Sprintf("%x", g.member.ID)
		case "{url}":
			args[i] = g.member.PeerURL
		case "{newurl}":
			args[i] = g.newURL()
		case "{lease}":
			args[i] = strings.Fields(g.must(t, "lease", "grant", "1000"))[1]
		case "{learner}":
			args[i] = g.learner(t)
		}
	}
	return args
}

// field returns a member of the output of a command.
func (g *gateway) field(t *testing.T, line string, path ...string) string {
	t.Helper()
	var v any
	decode(t, g.must(t, append(strings.Fields(line), "-w", "json")...), &v)
	for _, name := range path {
		v = v.(map[string]any)[name]
	}
	return v.(json.Number).String()
}

// learner returns the id of the one learner, which it adds if it does not
// exist.
func (g *gateway) learner(t *testing.T) string {
	t.Helper()
	for range 2 {
		for line := range strings.Lines(g.must(t, "member", "list")) {
			if id, _, _ := strings.Cut(line, ","); strings.HasSuffix(line, "true\n") {
				return id
			}
		}
		g.must(t, "member", "add", "new", "--learner", "--peer-urls", g.newURL())
	}
	t.Fatal("a learner was added and is not there")
	return ""
}

// newURL returns a peer URL that was not used before: a member's id is derived
// from it and from the time in seconds, and a removed id can't be used again.
func (g *gateway) newURL() string {
	g.urls++
	return fmt.Sprintf("http://127.0.0.1:%d", g.urls)
}

// text writes an answer without the parts that differ.
func (c gatewayCase) text(answer map[string]any) string {
	text, err := json.MarshalIndent(without(answer, c.differs), "", " ")
	if err != nil {
		panic(err) // it was JSON before
	}
	return string(text)
}

// gatewayAnswer reads the answer of the gateway, the last one of a stream. A
// refusal has only a message.
func gatewayAnswer(text string) (map[string]any, error) {
	var last map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	for {
		var doc map[string]any
		if err := d.Decode(&doc); errors.Is(err, io.EOF) || err != nil && last["events"] != nil {
			break // killed in the middle of one
		} else if err != nil {
			return nil, fmt.Errorf("%w in %q", err, text)
		}
		if result, ok := doc["result"].(map[string]any); ok {
			doc = result
		}
		last = doc
	}
	if message, ok := last["message"]; ok {
		return map[string]any{"message": message}, nil
	}
	if last == nil {
		return nil, errors.New("no answer")
	}
	return normal(last).(map[string]any), nil
}

// ourAnswer reads the output of a command: a response, or one for each
// endpoint, or a line that only reports success.
func (c gatewayCase) ourAnswer(text string) (map[string]any, error) {
	if c.says != "" && strings.HasPrefix(text, c.says) {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("%w in %q", err, text)
	}
	if all, ok := doc.([]any); ok && len(all) == 1 {
		doc = all[0]
	}
	m, ok := doc.(map[string]any)
	if !ok {
		return map[string]any{}, nil
	}
	for _, name := range []string{"Status", "HashKV"} {
		if inner, ok := m[name].(map[string]any); ok {
			m = inner
		}
	}
	return normal(m).(map[string]any), nil
}

// normal makes the two ways to write an answer one: names without case, dashes and underscores; numbers as strings; values of
// enumerations as numbers; nothing that is zero; no header, which some of our documents have flattened.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for name, value := range v {
			name = strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
			value = normal(value)
			if inner, ok := value.(map[string]any); ok && name == "response" { // a level more around each of a transaction's
				maps.Copy(m, inner)
			} else if value != nil && !slices.Contains([]string{"header", "clusterid", "memberid", "raftterm"}, name) {
				m[name] = value
			}
		}
		return m
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case json.Number:
		return normal(v.String())
	case string:
		if number, ok := map[string]any{"": nil, "0": nil, "WRITE": "1", "READWRITE": "2", "DELETE": "1"}[v]; ok {
			return number
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}

// without returns v without some members, at any depth.
func without(v any, names []string) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for name, value := range v {
			if !slices.Contains(names, name) {
				m[name] = without(value, names)
			}
		}
		return m
	case []any:
		var all []any
		for _, value := range v {
			all = append(all, without(value, names))
		}
		return all
	}
	return v
}
