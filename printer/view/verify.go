package view

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/printer"
)

// The verdicts on a file.
const (
	VerdictOK         = "ok"
	VerdictDamaged    = "damaged"
	VerdictUnreadable = "unreadable"
)

// Fault is the first fault of one kind in a file.
type Fault struct {
	Kind   string
	Count  int    // of this kind
	Page   int64  // -1 where the fault is not on one
	Bucket string // "" where not known
	Key    []byte // nil where not known
	Detail string
	Text   string // all of the above but the kind and the count, for people
}

// FileVerdict is what is to be said about one file.
type FileVerdict struct {
	File      string
	Error     string // why it could not be read
	Faults    []Fault
	Unchecked []string
	Revision  int64
	Records   int
	Leases    int
	Members   int
}

// Verdict is one of the constants above.
func (v FileVerdict) Verdict() string {
	switch {
	case v.Error != "":
		return VerdictUnreadable
	case len(v.Faults) > 0:
		return VerdictDamaged
	}
	return VerdictOK
}

// Verdicts are those on all files asked for.
type Verdicts []FileVerdict

// Simple prints one line for each file.
func (all Verdicts) Simple(t *printer.Text) {
	for _, v := range all {
		t.Raw(v.File + ": " + v.Verdict() + ": ")
		switch v.Verdict() {
		case VerdictOK:
			t.Printf("revision %d, %d records, %d leases, %d members", v.Revision, v.Records, v.Leases, v.Members)
		case VerdictDamaged:
			for i, f := range v.Faults {
				if i > 0 {
					t.Raw("; ")
				}
				t.Raw(f.Kind + ": " + f.Text)
				if f.Count > 1 {
					t.Printf(" (and %d more)", f.Count-1)
				}
			}
		case VerdictUnreadable:
			t.Raw(v.Error)
		}
		if len(v.Unchecked) > 0 {
			t.Raw("; not checked: " + strings.Join(v.Unchecked, ", "))
		}
		t.Byte('\n')
	}
}

// Table has a row for each fault, and one for a file without any.
func (all Verdicts) Table(g *printer.Grid) {
	g.Header("file", "verdict", "fault", "count", "page", "bucket", "key", "detail", "not checked")
	for _, v := range all {
		unchecked := strings.Join(v.Unchecked, ", ")
		if len(v.Faults) == 0 {
			g.Row(v.File, v.Verdict(), "", "", "", "", "", v.Error, unchecked)
		}
		for _, f := range v.Faults {
			page := ""
			if f.Page >= 0 {
				page = strconv.FormatInt(f.Page, 10)
			}
			g.Row(v.File, v.Verdict(), f.Kind, strconv.Itoa(f.Count), page, f.Bucket, g.Data(f.Key), f.Detail, unchecked)
		}
	}
}

// Fields lists everything, the file before what was found in it.
func (all Verdicts) Fields(t *printer.Text) {
	for _, v := range all {
		quotedField(t, "File", []byte(v.File))
		quotedField(t, "Verdict", []byte(v.Verdict()))
		if v.Error != "" {
			quotedField(t, "Error", []byte(v.Error))
		}
		intField(t, "Revision", v.Revision)
		intField(t, "Records", int64(v.Records))
		intField(t, "Leases", int64(v.Leases))
		intField(t, "Members", int64(v.Members))
		for _, f := range v.Faults {
			quotedField(t, "Fault", []byte(f.Kind))
			intField(t, "Count", int64(f.Count))
			intField(t, "Page", f.Page)
			quotedField(t, "Bucket", []byte(f.Bucket))
			quotedField(t, "Key", f.Key)
			quotedField(t, "Detail", []byte(f.Detail))
		}
		for _, u := range v.Unchecked {
			quotedField(t, "NotChecked", []byte(u))
		}
	}
}

// JSON is an array with an object for each file. Keys are in base64, as in all
// documents of etcdctl; a fault that is not on a page has none.
func (all Verdicts) JSON(t *printer.Text) {
	files := t.Array()
	for _, v := range all {
		files.Next()
		verdictJSON(t, v)
	}
	files.End()
}

// Objects prints the verdicts.
func (all Verdicts) Objects(l *printer.Lines) { each(l, all, verdictJSON) }

func verdictJSON(t *printer.Text, v FileVerdict) {
	o := t.Object()
	o.String("file", v.File)
	o.String("verdict", v.Verdict())
	o.String("error", v.Error)
	o.Int("revision", v.Revision)
	o.Int("records", int64(v.Records))
	o.Int("leases", int64(v.Leases))
	o.Int("members", int64(v.Members))
	list(t, o, "faults", v.Faults, faultJSON)
	o.Strings("notChecked", v.Unchecked)
	o.End()
}

func faultJSON(t *printer.Text, f Fault) {
	o := t.Object()
	o.String("kind", f.Kind)
	o.Int("count", int64(f.Count))
	if f.Page >= 0 {
		o.Key("page")
		t.Int(f.Page)
	} else {
		absent(t, o, "page")
	}
	o.String("bucket", f.Bucket)
	o.Bytes("key", f.Key)
	o.String("detail", f.Detail)
	o.End()
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message Verdicts { repeated File files = 1; }
//	message File {
//	  string file = 1; string verdict = 2; string error = 3;
//	  int64 revision = 4; int64 records = 5; int64 leases = 6; int64 members = 7;
//	  repeated Fault faults = 8; repeated string not_checked = 9;
//	}
//	message Fault {
//	  string kind = 1; int64 count = 2; int64 page = 3; // -1 is none
//	  string bucket = 4; bytes key = 5; string detail = 6;
//	}
func (all Verdicts) Protobuf(t *printer.Text) {
	for _, v := range all {
		var file []byte
		for i, s := range []string{v.File, v.Verdict(), v.Error} {
			file = appendText(file, i+1, s)
		}
		for i, n := range []int64{v.Revision, int64(v.Records), int64(v.Leases), int64(v.Members)} {
			file = appendNumber(file, i+4, n)
		}
		for _, f := range v.Faults {
			fault := appendNumber(appendText(nil, 1, f.Kind), 2, int64(f.Count))
			fault = appendText(appendNumber(fault, 3, f.Page), 4, f.Bucket)
			fault = appendText(appendText(fault, 5, string(f.Key)), 6, f.Detail)
			file = appendString(file, 8, string(fault))
		}
		for _, u := range v.Unchecked {
			file = appendString(file, 9, u)
		}
		t.Raw(string(appendString(nil, 1, string(file))))
	}
}

// appendText appends a field unless it is empty.
func appendText(b []byte, field int, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(b, protowire.Number(field), s)
}

// appendNumber appends a field unless it is zero.
func appendNumber(b []byte, field int, n int64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, protowire.Number(field), protowire.VarintType), uint64(n))
}
