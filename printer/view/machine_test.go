package view

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.yaml.in/yaml/v3"

	"etcdkit/printer"
)

// testMachine checks the formats for programs, for every view: they can be
// parsed, and agree with each other.
func testMachine(t *testing.T, v printer.View) {
	t.Helper()
	for _, o := range []printer.Options{{}, {UTF8: true}, {Hex: true}, {Release: releaseNamed(t, "3.5")}} {
		lines := strings.SplitAfter(printedAs(t, "jsonl", o, v), "\n")
		for _, line := range lines[:len(lines)-1] {
			var object map[string]any
			if err := json.Unmarshal([]byte(line), &object); err != nil {
				t.Errorf("jsonl: %v in %q", err, line)
			}
		}
		if lines[len(lines)-1] != "" {
			t.Errorf("jsonl: no line end after %q", lines[len(lines)-1])
		}
		o.Template = "{{json .}}"
		through := strings.SplitAfter(printedAs(t, printer.Template, o, v), "\n")
		if len(through) != len(lines) {
			t.Errorf("a template is applied %d times, to %d objects", len(through)-1, len(lines)-1)
		}
		for i := range min(len(through), len(lines)) {
			if a, b := number(t, lines[i]), number(t, through[i]); !reflect.DeepEqual(a, b) {
				t.Errorf("object %d is\n%v, through a template\n%v", i, a, b)
			}
		}
		var document any
		if err := yaml.Unmarshal([]byte(printedAs(t, "yaml", o, v)), &document); err != nil || document == nil && !nullable(v) {
			t.Errorf("yaml: %v, %v", document, err)
		}
		if rows, err := csv.NewReader(strings.NewReader(printedAs(t, "csv", o, v))).ReadAll(); err != nil || len(rows) == 0 {
			t.Errorf("csv: %d rows, %v", len(rows), err)
		}
	}
}

// nullable reports whether a view's document may be null.
func nullable(v printer.View) bool { return reflect.ValueOf(v).Kind() == reflect.Slice }

// number reads one JSON document with its numbers as they are.
func number(t *testing.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}

// manyPages are n pages of a pair each, and then an error.
func manyPages(n, size int, last error) Pages {
	return func(yield func(*etcdserverpb.RangeResponse, error) bool) {
		for i := range n {
			kv := &mvccpb.KeyValue{Key: []byte{'k', byte('0' + i%10)}, Value: bytes.Repeat([]byte{'v'}, size), ModRevision: 7, Version: 1}
			if !yield(&etcdserverpb.RangeResponse{Kvs: []*mvccpb.KeyValue{kv}, Count: int64(n)}, nil) {
				return
			}
		}
		if last != nil {
			yield(nil, last)
		}
	}
}

// What came before a page that is lost is printed, and no more.
func TestRangeThatBreaks(t *testing.T) {
	t.Parallel()
	lost := errors.New("page lost")
	for format, want := range map[string]string{
		"csv":            "key,value,create_revision,mod_revision,version,lease\nk0,v,0,7,1,\nk1,v,0,7,1,\n",
		"jsonl":          `{"key_text":"k0","create_revision":0,"mod_revision":7,"version":1,"value_text":"v","lease":0}` + "\n" + `{"key_text":"k1","create_revision":0,"mod_revision":7,"version":1,"value_text":"v","lease":0}` + "\n",
		printer.Template: "k0\nk1\n",
	} {
		var out bytes.Buffer
		p, err := printer.New(&out, format, printer.Options{UTF8: true, Template: "{{.key_text}}"})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(Range{Pages: manyPages(2, 1, lost)}); !errors.Is(err, lost) {
			t.Errorf("%s: error %v", format, err)
		}
		if got := out.String(); got != want {
			t.Errorf("%s: got\n%swant\n%s", format, got, want)
		}
	}
}

// counter counts the bytes written, and the largest single write.
type counter struct{ total, most int }

func (c *counter) Write(b []byte) (int, error) {
	c.total += len(b)
	c.most = max(c.most, len(b))
	return len(b), nil
}

// Pages are printed as they come: nothing grows with their number.
func TestRangeStreams(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"csv", "jsonl", "yaml", printer.Template} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			c := &counter{}
			p, err := printer.New(c, format, printer.Options{Template: "{{.value}}"})
			if err != nil {
				t.Fatal(err)
			}
			const n = 2000
			asked := 0
			watched := func(yield func(*etcdserverpb.RangeResponse, error) bool) {
				for page, err := range manyPages(n, 1000, nil) {
					if asked++; asked > 500 && c.total == 0 {
						t.Errorf("nothing is out after %d pages", asked)
						return
					}
					if !yield(page, err) {
						return
					}
				}
			}
			if err := p.Print(Range{Pages: watched}); err != nil {
				t.Fatal(err)
			}
			if c.total < n*1000 || c.most > 200<<10 {
				t.Errorf("%d bytes in writes of up to %d", c.total, c.most)
			}
		})
	}
}

func TestWatchForMachines(t *testing.T) {
	t.Parallel()
	kv := &mvccpb.KeyValue{Key: []byte("k"), Value: []byte{0xff}, CreateRevision: 2, ModRevision: 3, Version: 2}
	views := []printer.View{
		Watch{WatchResponse: &etcdserverpb.WatchResponse{Header: &etcdserverpb.ResponseHeader{Revision: 4}, Events: []*mvccpb.Event{
			{Kv: kv}, {Type: mvccpb.DELETE, Kv: &mvccpb.KeyValue{Key: []byte("k"), ModRevision: 4}, PrevKv: kv},
		}}},
		Watch{WatchResponse: &etcdserverpb.WatchResponse{Header: &etcdserverpb.ResponseHeader{Revision: 9}}},
		Watch{WatchResponse: &etcdserverpb.WatchResponse{Header: &etcdserverpb.ResponseHeader{}, CompactRevision: 5, Canceled: true, CancelReason: "compacted"}},
	}
	for format, want := range map[string]string{
		"csv": `type,key,value,create_revision,mod_revision,version,lease,previous_value,previous_mod_revision
PUT,k,base64:/w==,2,3,2,,,
DELETE,k,,0,4,0,,base64:/w==,3
PROGRESS,,,,9,,,,
`,
		"jsonl": `{"type":"PUT","kv":{"key":"aw==","create_revision":2,"mod_revision":3,"version":2,"value":"/w==","lease":0},"prev_kv":null}
{"type":"DELETE","kv":{"key":"aw==","create_revision":0,"mod_revision":4,"version":0,"value":"","lease":0},"prev_kv":{"key":"aw==","create_revision":2,"mod_revision":3,"version":2,"value":"/w==","lease":0}}
{"type":"PROGRESS","revision":9}
{"type":"CANCELED","compact_revision":5,"reason":"compacted"}
`,
		printer.Template: "PUT\nDELETE\nPROGRESS\nCANCELED\n",
	} {
		var out bytes.Buffer
		p, err := printer.New(&out, format, printer.Options{Template: "{{.type}}"})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			if err := p.Print(v); err != nil {
				t.Fatal(err)
			}
		}
		if got := out.String(); got != want {
			t.Errorf("%s: got\n%swant\n%s", format, got, want)
		}
	}
}

// If a table has several values in a cell, csv has a row for each.
func TestRowsForEachValue(t *testing.T) {
	t.Parallel()
	two := &etcdserverpb.RangeResponse{Count: 5, More: true, Kvs: []*mvccpb.KeyValue{{Key: []byte("a")}, {Key: []byte("b\n")}}}
	for _, tt := range []struct {
		view printer.View
		want string
	}{
		{DeletePreview{Range: Range{Pages: OnePage(two)}}, "would_delete,first_keys\n5,a\n5,\"b\n\"\n"},
		{UserGet{&etcdserverpb.AuthUserGetResponse{Roles: []string{"r", "s"}}, "u"}, "user,roles\nu,r\nu,s\n"},
		{UserGet{&etcdserverpb.AuthUserGetResponse{}, "u"}, "user,roles\nu,\n"},
		{LeaseTimeToLive{&etcdserverpb.LeaseTimeToLiveResponse{ID: 1, TTL: 2, GrantedTTL: 3, Keys: [][]byte{{'a'}, {0xff}}}, true},
			"id,granted_ttl,remaining_ttl,keys\n0000000000000001,3,2,a\n0000000000000001,3,2,base64:/w==\n"},
		{LeaseTimeToLive{&etcdserverpb.LeaseTimeToLiveResponse{ID: 1, TTL: -1}, true}, "id,granted_ttl,remaining_ttl,keys\n0000000000000001,,expired,\n"},
	} {
		if got := printed(t, "csv", false, tt.view); got != tt.want {
			t.Errorf("got\n%swant\n%s", got, tt.want)
		}
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	v := Facts{Line: "compacted revision 3", Known: []Fact{{"compact_revision", int64(3)}, {"path", "a b"}}}
	for format, want := range map[string]string{
		"csv": "compact_revision,path\n3,a b\n", "jsonl": `{"compact_revision":3,"path":"a b"}` + "\n",
		"yaml": "compact_revision: 3\npath: \"a b\"\n", "json": "compacted revision 3\n", "table": "compacted revision 3\n",
		"simple": "compacted revision 3\n", "fields": "compacted revision 3\n", "protobuf": "compacted revision 3\n",
	} {
		if got := printed(t, format, false, v); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
	testMachine(t, Line("Authentication Enabled"))
	if got, want := printed(t, "jsonl", false, Line("a\"b")), `{"message":"a\"b"}`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// BenchmarkRange prints pairs of 256 bytes.
func BenchmarkRange(b *testing.B) {
	for _, format := range printer.Names() {
		b.Run(format, func(b *testing.B) {
			p, err := printer.New(&counter{}, format, printer.Options{Template: "{{.key}} {{.value}}"})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			if err := p.Print(Range{Pages: manyPages(b.N, 256, nil)}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
