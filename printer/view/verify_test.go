package view

import "testing"

func TestFileHashKV(t *testing.T) {
	t.Parallel()
	v := FileHashKV{Hash: 3763884712, Revision: 5721, CompactRevision: 5698}
	t.Run("all formats", shown{
		view:   v,
		simple: "3763884712, 5721, 5698\n",
		fields: "\"Hash\" : 3763884712\n\"Hash revision\" : 5721\n\"Compact revision\" : 5698\n",
		json:   "{\"hash\":3763884712,\"hashRevision\":5721,\"compactRevision\":5698}\n",
		table: `+------------+---------------+------------------+
|    HASH    | HASH REVISION | COMPACT REVISION |
+------------+---------------+------------------+
| 3763884712 |          5721 |             5698 |
+------------+---------------+------------------+
`,
	}.test)
	t.Run("protobuf", func(t *testing.T) {
		t.Parallel()
		const want = "\x08\x01\x10\x02\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
		if got := printed(t, "protobuf", false, FileHashKV{Hash: 1, Revision: 2, CompactRevision: -1}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	v := Verdicts{
		{File: "a.db", Revision: 7, Records: 6, Leases: 2, Members: 1, Unchecked: []string{"sha256 (the file has none)"}},
		{File: "b.db", Revision: 7, Faults: []Fault{
			{Kind: "page", Count: 3, Page: 5, Bucket: "key", Key: []byte("\x01k"), Detail: "bad", Text: `page 5, bucket "key", key "\x01k": bad`},
			{Kind: "checksum", Count: 1, Page: -1, Detail: "differs", Text: "differs"},
		}},
		{File: "c.db", Error: "no such file"},
	}
	t.Run("all formats", shown{
		view: v,
		simple: `a.db: ok: revision 7, 6 records, 2 leases, 1 members; not checked: sha256 (the file has none)
b.db: damaged: page: page 5, bucket "key", key "\x01k": bad (and 2 more); checksum: differs
c.db: unreadable: no such file
`,
		fields: `"File" : "a.db"
"Verdict" : "ok"
"Revision" : 7
"Records" : 6
"Leases" : 2
"Members" : 1
"NotChecked" : "sha256 (the file has none)"
"File" : "b.db"
"Verdict" : "damaged"
"Revision" : 7
"Records" : 0
"Leases" : 0
"Members" : 0
"Fault" : "page"
"Count" : 3
"Page" : 5
"Bucket" : "key"
"Key" : "\x01k"
"Detail" : "bad"
"Fault" : "checksum"
"Count" : 1
"Page" : -1
"Bucket" : ""
"Key" : ""
"Detail" : "differs"
"File" : "c.db"
"Verdict" : "unreadable"
"Error" : "no such file"
"Revision" : 0
"Records" : 0
"Leases" : 0
"Members" : 0
`,
		json: `[{"file":"a.db","verdict":"ok","revision":7,"records":6,"leases":2,"members":1,"notChecked":["sha256 (the file has none)"]},` +
			`{"file":"b.db","verdict":"damaged","revision":7,"faults":[{"kind":"page","count":3,"page":5,"bucket":"key","key":"AWs=","detail":"bad"},` +
			`{"kind":"checksum","count":1,"detail":"differs"}]},{"file":"c.db","verdict":"unreadable","error":"no such file"}]` + "\n",
		table: `+------+------------+----------+-------+------+--------+---------+--------------+----------------------------+
| FILE |  VERDICT   |  FAULT   | COUNT | PAGE | BUCKET |   KEY   |    DETAIL    |        NOT CHECKED         |
+------+------------+----------+-------+------+--------+---------+--------------+----------------------------+
| a.db |         ok |          |       |      |        |         |              | sha256 (the file has none) |
| b.db |    damaged |     page |     3 |    5 |    key | "\x01k" |          bad |                            |
| b.db |    damaged | checksum |     1 |      |        |         |      differs |                            |
| c.db | unreadable |          |       |      |        |         | no such file |                            |
+------+------------+----------+-------+------+--------+---------+--------------+----------------------------+
`,
	}.test)
	t.Run("protobuf", func(t *testing.T) {
		t.Parallel()
		const fault = "\x0a\x04page\x10\x03\x18\x05\x22\x03key\x2a\x01k\x32\x03bad"
		const want = "\x0a\x2c\x0a\x01b\x12\x07damaged\x20\x07\x28\x06\x42\x17" + fault + "\x4a\x01x"
		one := Verdicts{{File: "b", Revision: 7, Records: 6, Unchecked: []string{"x"}, Faults: []Fault{{Kind: "page", Count: 3, Page: 5, Bucket: "key", Key: []byte("k"), Detail: "bad"}}}}
		if got := printed(t, "protobuf", false, one); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
