package view

import (
	"strconv"

	"etcdkit/printer"
)

// SnapshotStatus describes the contents of a snapshot file.
type SnapshotStatus struct {
	Hash         uint32
	Revision     int64
	TotalKey     int    // live keys, which are shown since 3.6
	TotalRecords int    // records of all buckets, which 3.5 shows as keys
	TotalSize    int64  // in bytes
	Version      string // of the storage; shown since 3.6
}

func (s SnapshotStatus) totalKey(r *printer.Release) int64 {
	if r.SnapshotRecords {
		return int64(s.TotalRecords)
	}
	return int64(s.TotalKey)
}

func snapshotColumns(r *printer.Release) columns[SnapshotStatus] {
	return columns[SnapshotStatus]{
		{name: "hash", cell: func(s SnapshotStatus) string { return strconv.FormatUint(uint64(s.Hash), 16) }},
		{name: "revision", cell: func(s SnapshotStatus) string { return strconv.FormatInt(s.Revision, 10) }},
		{name: "total keys", cell: func(s SnapshotStatus) string { return strconv.FormatInt(s.totalKey(r), 10) }},
		{name: "total size", cell: func(s SnapshotStatus) string { return size(s.TotalSize) }, exact: func(s SnapshotStatus) string { return exactly(s.TotalSize) }},
		{name: "version", absent: !r.SnapshotVersion, cell: func(s SnapshotStatus) string { return s.Version }},
	}
}

// Simple prints the columns of the table, separated by commas.
func (s SnapshotStatus) Simple(t *printer.Text) { snapshotColumns(t.Release).lines(t, s) }

// Table shows one row; the hash is in hexadecimal there and in decimal in the
// formats for machines.
func (s SnapshotStatus) Table(g *printer.Grid) { snapshotColumns(g.Release).table(g, s) }

// record is everything but the version, with the keys as a release counts them.
func (s SnapshotStatus) record(keys int64) record {
	return record{
		{field: "Hash", member: "hash", v: s.Hash},
		{field: "Revision", member: "revision", v: s.Revision},
		{field: "Keys", member: "totalKey", v: keys},
		{field: "Size", member: "totalSize", v: s.TotalSize},
	}
}

// Fields lists everything; upstream does not quote the version.
func (s SnapshotStatus) Fields(t *printer.Text) {
	s.record(s.totalKey(t.Release)).fields(t)
	if t.Release.SnapshotVersion {
		fieldName(t, "Version")
		t.Line(s.Version)
	}
}

// JSON prints all members, including zero values: upstream's document has no
// omitempty.
func (s SnapshotStatus) JSON(t *printer.Text) {
	o := t.Object()
	o.Keep()
	s.record(s.totalKey(t.Release)).members(t, o)
	if t.Release.SnapshotVersion {
		o.String("version", s.Version)
	}
	o.End()
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message SnapshotStatus {
//	  uint32 hash = 1; int64 revision = 2; int64 total_key = 3; int64 total_size = 4; string version = 5;
//	}
func (s SnapshotStatus) Protobuf(t *printer.Text) {
	t.Raw(string(appendString(s.record(int64(s.TotalKey)).message(), 5, s.Version)))
}
