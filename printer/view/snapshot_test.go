package view

import "testing"

func TestSnapshotStatus(t *testing.T) {
	t.Parallel()
	v := SnapshotStatus{Hash: 0x7cd3fa5a, Revision: 6596, TotalKey: 220, TotalRecords: 646, TotalSize: 2572288, Version: "3.7.0"}
	t.Run("all formats", shown{
		view:   v,
		simple: "7cd3fa5a, 6596, 220, 2.6 MB, 3.7.0\n",
		fields: "\"Hash\" : 2094266970\n\"Revision\" : 6596\n\"Keys\" : 220\n\"Size\" : 2572288\n\"Version\" : 3.7.0\n",
		json:   "{\"hash\":2094266970,\"revision\":6596,\"totalKey\":220,\"totalSize\":2572288,\"version\":\"3.7.0\"}\n",
		table: `+----------+----------+------------+------------+---------+
|   HASH   | REVISION | TOTAL KEYS | TOTAL SIZE | VERSION |
+----------+----------+------------+------------+---------+
| 7cd3fa5a |     6596 |        220 |     2.6 MB |   3.7.0 |
+----------+----------+------------+------------+---------+
`,
	}.test)
	t.Run("nothing written yet", shown{ // by a server of 3.5
		view:   SnapshotStatus{Hash: 0x1, TotalSize: 28672},
		simple: "1, 0, 0, 29 kB, \n",
		fields: "\"Hash\" : 1\n\"Revision\" : 0\n\"Keys\" : 0\n\"Size\" : 28672\n\"Version\" : \n",
		json:   "{\"hash\":1,\"revision\":0,\"totalKey\":0,\"totalSize\":28672,\"version\":\"\"}\n",
		table: `+------+----------+------------+------------+---------+
| HASH | REVISION | TOTAL KEYS | TOTAL SIZE | VERSION |
+------+----------+------------+------------+---------+
|    1 |        0 |          0 |      29 kB |         |
+------+----------+------------+------------+---------+
`,
	}.test)
	t.Run("protobuf", func(t *testing.T) {
		t.Parallel()
		const want = "\x08\xda\xf4\xcf\xe6\x07\x10\xc4\x33\x18\xdc\x01\x20\x80\x80\x9d\x01\x2a\x053.7.0"
		if got := printed(t, "protobuf", false, v); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
