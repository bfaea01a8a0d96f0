package script

import (
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	base := Entry{Line: "etcdctl get a", Stdout: "a\nb\n", Errors: "", Exit: 0}
	with := func(change func(*Entry)) *Transcript {
		e := base
		change(&e)
		return &Transcript{Entries: []Entry{e}}
	}
	one := with(func(*Entry) {})
	says := func(aspect string) func(*Entry) {
		return func(e *Entry) { e.Deviates = map[string]string{aspect: "why"} }
	}
	for _, tc := range []struct {
		name      string
		ref, ours *Transcript
		want      string // a piece of the difference, "" for none
	}{
		{"same", one, one, ""},
		{"stdout", one, with(func(e *Entry) { e.Stdout = "a\nc\n" }), "-b\n+c\n"},
		{"borders", with(func(e *Entry) { e.Borders = "┌┐\n" }), one, "-[borders] ┌┐\n"},
		{"last newline", one, with(func(e *Entry) { e.Stdout = "a\nb" }), "-b\n+b [no newline]\n"},
		{"trailing space", one, with(func(e *Entry) { e.Stdout = "a\nb \n" }), "-b\n+b \n"},
		{"more lines", one, with(func(e *Entry) { e.Stdout = "a\nb\n\n" }), "\n+\n"},
		{"carriage return", one, with(func(e *Entry) { e.Stdout = "a\nb\r\n" }), `+"b\r"`},
		{"what looks like a marker", one, with(func(e *Entry) { e.Stdout = "a\nb [no newline]\n" }), `+"b [no newline]"`},
		{"error", one, with(func(e *Entry) { e.Errors = "Error: x\n" }), "+[stderr] Error: x\n"},
		{"exit", one, with(func(e *Entry) { e.Exit = 3 }), "-[exit 0]\n+[exit 3]\n"},
		{"line", one, with(func(e *Entry) { e.Line = "etcdctl get b" }), "+$ etcdctl get b"},
		{"fewer by ours", one, &Transcript{}, "only the reference ran: $ etcdctl get a"},
		{"more by ours", &Transcript{}, one, "only ours ran: $ etcdctl get a"},
		{"announced", with(says(aspectStdout)), with(func(e *Entry) { e.Stdout = "x" }), ""},
		{"announced, but no more", with(says(aspectStdout)), one, "said to deviate in stdout (why), but does not"},
		{"announced, and another", with(says(aspectStdout)), with(func(e *Entry) { e.Stdout = "x"; e.Exit = 1 }), "+[exit 1]"},
		{"extra", with(says(aspectExtra)), with(func(e *Entry) { e.Stdout += "more\n" }), ""},
		{"extra, not at the end", with(says(aspectExtra)), with(func(e *Entry) { e.Stdout = "more\na\nb\n" }), "+more"},
		{"extra, none", with(says(aspectExtra)), one, "said to deviate in extra"},
		{"announced error", with(says(aspectError)), with(func(e *Entry) { e.Errors = "Error: x\n" }), ""},
		{"detail", &Transcript{[]Entry{{Errors: "Error: x\n", Exit: 1, Deviates: map[string]string{aspectDetail: "why"}}}},
			&Transcript{[]Entry{{Errors: "Error: x: because\n", Exit: 1}}}, ""},
		{"other error than detail", &Transcript{[]Entry{{Errors: "Error: x\n", Deviates: map[string]string{aspectDetail: "why"}}}},
			&Transcript{[]Entry{{Errors: "Error: y\n"}}}, "+[stderr] Error: y"},
		{"announced exit", with(says(aspectExit)), with(func(e *Entry) { e.Exit = 1 }), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := Compare(tc.ref, tc.ours)
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestMasks(t *testing.T) {
	t.Parallel()
	var m masks
	for text, name := range map[string]string{"8e9e05c52164694d": "ID", "10276657743932975437": "ID_DEC", "127.0.0.1:4001": "EP"} {
		if err := m.add(text, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []value{{"12", "SHORT"}, {"12345678", "ID"}} {
		if err := m.add(bad.text, bad.name); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
	for _, tc := range []struct{ rules, in, want string }{
		{"", `{"ID":10276657743932975437}`, `{"ID":$ID_DEC}`},
		{"", "8e9e05c52164694d, 18e9e05c52164694d", "$ID, 18e9e05c52164694d"},
		{"", "http://127.0.0.1:4001 127.0.0.1:40012", "http://$EP 127.0.0.1:40012"},
		{"", "took = 12.5ms", "took = 12.5ms"},
		{"took", "committed proposal: took = 12.5ms", "committed proposal: took = $TOOK"},
		{"took", `"took":"1.2µs"`, `"took":"$TOOK"`},
		{"took", "| a | true | 2.1ms |       |", "| a | true | $TOOK |       |"},
		{"dbsize", "3.7.3, 29 kB, 25 kB, 15%, 2.1 GB, true", "3.7.3, $SIZE, $SIZE, $SIZE, 2.1 GB, true"},
		{"dbsize", `"dbSize":1,"dbSizeInUse":2,"dbSizeQuota":3`, `"dbSize":$SIZE,"dbSizeInUse":$SIZE,"dbSizeQuota":3`},
		{"raftindex", "true, false, 2, 4, 5, ", "true, false, 2, $INDEX, $INDEX, "},
		{"raftterm raftindex", "true, false, 2, 4, 5, ", "true, false, $TERM, $INDEX, $INDEX, "},
		{"raftindex raftterm", "|   true |  false |   2 |   4 |   5 |", "|   true |  false |   $TERM |   $INDEX |   $INDEX |"},
		{"raftterm raftindex", "|   true |  false |   2 |   4 |   5 |", "|   true |  false |   $TERM |   $INDEX |   $INDEX |"},
		{"raftterm", "true, false, 2, 4, 5, ", "true, false, $TERM, 4, 5, "},
		{"raftindex", "|   true |  false |   2 |   4 |   5 |", "|   true |  false |   2 |   $INDEX |   $INDEX |"},
		{"raftterm", "1.4: 3\n1.5: 3\n", "1.4: $TERM\n1.5: 3\n"},
		{"times", "current time 2026-11-22T18:35:19Z is after 2026-11-21T18:34:40Z", "current time $TIME is after $TIME"},
		{"sha256", "Error: expected sha256 [1 2 3], got [4 5 6]", "Error: expected sha256 $SHA256, got $SHA256"},
		{"remaining", "granted with TTL(10s), remaining(9s)", "granted with TTL(10s), remaining($LEFTs)"},
	} {
		on := masks{values: m.values}
		for name := range strings.FieldsSeq(tc.rules) {
			if err := on.enable(name); err != nil {
				t.Fatal(err)
			}
		}
		want := strings.ReplaceAll(tc.want, "$LEFTs", "$LEFT")
		if got := on.apply(tc.in, ""); got != want {
			t.Errorf("%s: %q becomes %q, want %q", tc.rules, tc.in, got, want)
		}
	}
	if err := m.enable("digits"); err == nil {
		t.Error("an unknown rule was accepted")
	}
}

// An id of fewer than 16 digits has as many blanks before it as digits are missing, in lines about members only.
func TestShortID(t *testing.T) {
	t.Parallel()
	m := masks{values: []value{{"d6a20ebbc4ea709", "ID"}, {"ec0e0974178bde53", "CLUSTER"}}}
	for in, want := range map[string]string{
		"Member  d6a20ebbc4ea709 added to cluster ec0e0974178bde53":  "Member $ID added to cluster $CLUSTER",
		"Member d6a20ebbc4ea709 added to cluster ec0e0974178bde53":   "Member $ID added to cluster $CLUSTER",
		"Member   d6a20ebbc4ea709 added to cluster ec0e0974178bde53": "Member   $ID added to cluster $CLUSTER",
		"1,  d6a20ebbc4ea709": "1,  $ID",
	} {
		if got := m.apply(in, ""); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	table := asciiBorders("┌────┬──┐\n│ ID │  │\n├────┼──┤\n│ 12345 │ x │\n└────┴──┘\n")
	want := "+----+--+\n| ID |  |\n+----+--+\n| 12345 | x |\n+----+--+\n"
	if table != want {
		t.Errorf("got %q", table)
	}
	if got, want := boxes("┌────┬──┐\n│ I─ │ | ││\n├────┼──┤\nno box\n"), "┌─┬─┐\n│─│││\n├─┼─┤\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	m := masks{values: []value{{"12345", "A"}}}
	if got := m.apply("| 12345 | x |\n", "table"); got != "| $A~~~ | x |\n" {
		t.Errorf("got %q", got)
	}
	m.width = true
	if got := m.apply("+---------+---+\n|   12345 | x |\n", "table"); got != "+-+-+\n| $A | x |\n" {
		t.Errorf("got %q", got)
	}
}

func TestSortLists(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"TTL(1s), attached keys([b a])\n":                    "TTL(1s), attached keys([a b])\n",
		`{"ttl":1,"keys":["Yg==","YQ=="],"x":[2,1]}`:         `{"ttl":1,"keys":["YQ==","Yg=="],"x":[2,1]}`,
		"\"ID\" : 1\n\"Key\" : \"b\"\n\"Key\" : \"a\"\n":     "\"ID\" : 1\n\"Key\" : \"a\"\n\"Key\" : \"b\"\n",
		"$B, started, x\n$A, unstarted, y\nend\n":            "$A, unstarted, y\n$B, started, x\nend\n",
		"ETCD_INITIAL_CLUSTER=\"b=2,a=1\"\n":                 "ETCD_INITIAL_CLUSTER=\"a=1,b=2\"\n",
		`"members":[{"ID":2},{"ID":1}]}`:                     `"members":[{"ID":1},{"ID":2}]}`,
		"b\na\n":                                             "b\na\n",
		"1.1: 9\n2.1: $B\n2.3: \"x\"\n2.1: $A\n2.2: \"n\"\n": "1.1: 9\n2.1: $A\n2.2: \"n\"\n2.1: $B\n2.3: \"x\"\n",
		"2.1: $C\n3.1: $C\n3.1: $A\n":                        "2.1: $C\n3.1: $A\n3.1: $C\n",
	} {
		if got := sortLists(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestDumpWire(t *testing.T) {
	t.Parallel()
	var header, msg []byte
	header = protowire.AppendTag(header, 1, protowire.VarintType)
	header = protowire.AppendVarint(header, 300)
	msg = protowire.AppendTag(msg, 1, protowire.BytesType)
	msg = protowire.AppendBytes(msg, header)
	msg = protowire.AppendTag(msg, 2, protowire.BytesType)
	msg = protowire.AppendBytes(msg, []byte("key"))
	msg = protowire.AppendTag(msg, 3, protowire.BytesType)
	msg = protowire.AppendBytes(msg, nil)
	for _, tc := range []struct{ name, in, want string }{
		{"nested", string(msg), "1.1: 300\n2: \"key\"\n3: empty\n"},
		{"none", "", ""},
		{"cut", string(msg[:3]), "not protobuf: \"\\n\\x03\\b\"\n"},
		{"zero said", "\x08\x00", "1: 0\n"},
		{"long varint", "\x08\x81\x00", "1: 1 (long varint)\n"},
		{"bytes", "\x0a\x02\xff\x00", "1: \"\\xff\\x00\"\n"},
		{"newline after", string(msg) + "\n", "not protobuf: " + strconv.Quote(string(msg)+"\n") + "\n"},
	} {
		if got := dumpWire([]byte(tc.in)); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestOutputFormat(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ line, env, want string }{
		{"get a", "", ""},
		{"get a", "json", "json"},
		{"get a -w table", "json", "table"},
		{"get a -wtable", "", "table"},
		{"get a -w=table", "", "table"},
		{"--write-out protobuf get a", "", "protobuf"},
		{"--write-out=fields get a -w json", "", "json"},
		{"watch a -- cmd -w table", "", ""},
	} {
		if got := outputFormat(strings.Fields(tc.line), tc.env); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.line, got, tc.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	const stderr = "{\"level\":\"warn\"}\nError: a\nError: a\nusage\n"
	if got := errorLines(stderr); got != "Error: a\nError: a\n" {
		t.Errorf("got %q", got)
	}
	if got := withoutLogs(stderr); got != "Error: a\nError: a\nusage\n" {
		t.Errorf("got %q", got)
	}
	if got := dropRepeats("Error: a\nError: a\nError: b\n"); got != "Error: a\nError: b\n" {
		t.Errorf("got %q", got)
	}
}
