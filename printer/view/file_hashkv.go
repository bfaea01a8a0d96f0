package view

import (
	"strconv"

	"etcdkit/printer"
)

// FileHashKV is the hash of the history in a file.
type FileHashKV struct {
	Hash            uint32
	Revision        int64 // up to which it was hashed
	CompactRevision int64 // -1 without a compaction
}

func fileHashKVColumns() columns[FileHashKV] {
	return columns[FileHashKV]{
		{name: "hash", cell: func(h FileHashKV) string { return strconv.FormatUint(uint64(h.Hash), 10) }},
		{name: "hash revision", cell: func(h FileHashKV) string { return strconv.FormatInt(h.Revision, 10) }},
		{name: "compact revision", cell: func(h FileHashKV) string { return strconv.FormatInt(h.CompactRevision, 10) }},
	}
}

// Simple prints the columns of the table, separated by commas.
func (h FileHashKV) Simple(t *printer.Text) { fileHashKVColumns().lines(t, h) }

// Table shows one row.
func (h FileHashKV) Table(g *printer.Grid) { fileHashKVColumns().table(g, h) }

// Fields lists everything.
func (h FileHashKV) Fields(t *printer.Text) {
	uintField(t, "Hash", uint64(h.Hash))
	intField(t, "Hash revision", h.Revision)
	intField(t, "Compact revision", h.CompactRevision)
}

// JSON prints everything, also what is zero: upstream's document has no
// omitempty.
func (h FileHashKV) JSON(t *printer.Text) {
	o := t.Object()
	o.Key("hash")
	t.Uint(uint64(h.Hash))
	o.Key("hashRevision")
	t.Int(h.Revision)
	o.Key("compactRevision")
	t.Int(h.CompactRevision)
	o.End()
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message FileHashKV {
//	  uint32 hash = 1; int64 hash_revision = 2; int64 compact_revision = 3;
//	}
func (h FileHashKV) Protobuf(t *printer.Text) {
	var m []byte
	for i, v := range []int64{int64(h.Hash), h.Revision, h.CompactRevision} {
		m = appendNumber(m, i+1, v)
	}
	t.Raw(string(m))
}
