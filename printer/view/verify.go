package view

import (
	"strconv"
	"strings"

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

// FileVerdict is the result of verifying one file.
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

func (v FileVerdict) record() record {
	return record{
		{field: "File", member: "file", v: v.File},
		{field: "Verdict", member: "verdict", v: v.Verdict()},
		{field: "Error", member: "error", v: v.Error, some: true},
		{field: "Revision", member: "revision", v: v.Revision},
		{field: "Records", member: "records", v: int64(v.Records)},
		{field: "Leases", member: "leases", v: int64(v.Leases)},
		{field: "Members", member: "members", v: int64(v.Members)},
	}
}

// record returns all columns but the text; the page is a number there even if
// there is none.
func (f Fault) record() record {
	return record{
		{field: "Fault", v: f.Kind},
		{field: "Count", v: int64(f.Count)},
		{field: "Page", v: f.Page},
		{field: "Bucket", v: f.Bucket},
		{field: "Key", v: f.Key},
		{field: "Detail", v: f.Detail},
	}
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

// Fields lists everything, the file before its findings.
func (all Verdicts) Fields(t *printer.Text) {
	for _, v := range all {
		v.record().fields(t)
		for _, f := range v.Faults {
			f.record().fields(t)
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
	v.record().members(t, o)
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
		t.JSONInt(f.Page)
	} else {
		o.Null("page")
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
		file := v.record().message()
		for _, f := range v.Faults {
			file = appendString(file, 8, string(f.record().message()))
		}
		for _, u := range v.Unchecked {
			file = appendString(file, 9, u)
		}
		t.Raw(string(appendString(nil, 1, string(file))))
	}
}
