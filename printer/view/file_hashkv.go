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

func (h FileHashKV) record() record {
	return record{
		{field: "Hash", member: "hash", v: h.Hash},
		{field: "Hash revision", member: "hashRevision", v: h.Revision},
		{field: "Compact revision", member: "compactRevision", v: h.CompactRevision},
	}
}

// Fields lists everything.
func (h FileHashKV) Fields(t *printer.Text) { h.record().fields(t) }

// JSON prints all members, including zero values: upstream's document has no
// omitempty.
func (h FileHashKV) JSON(t *printer.Text) {
	o := t.Object()
	o.Keep()
	h.record().members(t, o)
	o.End()
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message FileHashKV {
//	  uint32 hash = 1; int64 hash_revision = 2; int64 compact_revision = 3;
//	}
func (h FileHashKV) Protobuf(t *printer.Text) { t.Raw(string(h.record().message())) }
