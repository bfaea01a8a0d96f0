package view

import (
	"bytes"
	"errors"
	"testing"

	"etcdkit/printer"
)

// If reading fails while printing, the output ends with the error: the lines
// before it are kept, a document stays open, and no table is drawn.
func TestListsThatBreak(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	children := Children{Children: func(yield func(Child, error) bool) {
		_ = yield(Child{"a/", true}, nil) && yield(Child{}, boom)
	}}
	usage := Usage{Revision: func() int64 { return 7 }, Nodes: func(yield func(Node, error) bool) {
		_ = yield(Node{Name: "a/", Label: "a/", Depth: 1, Dir: true, Keys: 2, Bytes: 3, Versions: 4}, nil) && yield(Node{}, boom)
	}}
	for _, tt := range []struct {
		view   printer.View
		format string
		want   string
	}{
		{children, "simple", "a/\n"},
		{children, "json", `{"children":[{"name":"YS8=","prefix":true}`},
		{children, "table", ""},
		{children, "protobuf", "\x12\x06\x0a\x02a/\x10\x01"},
		{usage, "simple", "           3         2         4  a/\n"},
		{usage, "json", `{"nodes":[{"name":"YS8=","prefix":true,"depth":1,"keys":2,"bytes":3,"versions":4}`},
		{usage, "table", ""},
		{usage, "protobuf", "\x0a\x0e\x0a\x02a/\x10\x01\x18\x01\x20\x02\x28\x03\x30\x04"},
		{Tree{usage}, "simple", "a/ (2)\n"},
		{Tree{usage}, "table", ""},
	} {
		var out bytes.Buffer
		p, err := printer.New(&out, tt.format, printer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(tt.view); !errors.Is(err, boom) {
			t.Errorf("%T as %s: error %v", tt.view, tt.format, err)
		}
		if got := out.String(); got != tt.want {
			t.Errorf("%T as %s: got %q, want %q", tt.view, tt.format, got, tt.want)
		}
	}
}

// The numbers of an import add up in every format.
func TestImport(t *testing.T) {
	shown{
		view:   Import{Read: 21, Written: 6, Skipped: 5, Failed: 4, Broken: 3, Left: 3},
		simple: "21 read: 6 written, 5 skipped, 4 failed, 3 broken, 3 left\n",
		fields: "\"DryRun\" : false\n\"Read\" : 21\n\"Written\" : 6\n\"Skipped\" : 5\n\"Failed\" : 4\n\"Broken\" : 3\n\"Left\" : 3\n\"Present\" : 0\n",
		json:   `{"read":21,"written":6,"skipped":5,"failed":4,"broken":3,"left":3}` + "\n",
		table: `+------+---------+---------+--------+--------+------+
| READ | WRITTEN | SKIPPED | FAILED | BROKEN | LEFT |
+------+---------+---------+--------+--------+------+
|   21 |       6 |       5 |      4 |      3 |    3 |
+------+---------+---------+--------+--------+------+
`,
	}.test(t)
}
