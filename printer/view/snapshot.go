package view

import (
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/printer"
)

// SnapshotStatus is what a snapshot file holds.
type SnapshotStatus struct {
	Hash      uint32
	Revision  int64
	TotalKey  int   // live keys
	TotalSize int64 // in bytes
	Version   string
}

func (s SnapshotStatus) row() []string {
	return []string{
		strconv.FormatUint(uint64(s.Hash), 16), strconv.FormatInt(s.Revision, 10), strconv.Itoa(s.TotalKey),
		humanize.Bytes(uint64(s.TotalSize)), s.Version,
	}
}

// Simple prints the columns of the table, separated by commas.
func (s SnapshotStatus) Simple(t *printer.Text) { t.Line(strings.Join(s.row(), ", ")) }

// Table shows one row; the hash is in hexadecimal there and in decimal in the
// formats for machines.
func (s SnapshotStatus) Table(g *printer.Grid) {
	g.Header("hash", "revision", "total keys", "total size", "version")
	g.Row(s.row()...)
}

// Fields lists everything.
func (s SnapshotStatus) Fields(t *printer.Text) {
	uintField(t, "Hash", uint64(s.Hash))
	intField(t, "Revision", s.Revision)
	intField(t, "Keys", int64(s.TotalKey))
	intField(t, "Size", s.TotalSize)
	fieldName(t, "Version")
	t.Line(s.Version)
}

// JSON prints everything, also what is zero: upstream's document has no
// omitempty.
func (s SnapshotStatus) JSON(t *printer.Text) {
	o := t.Object()
	o.Key("hash")
	t.Uint(uint64(s.Hash))
	o.Key("revision")
	t.Int(s.Revision)
	o.Key("totalKey")
	t.Int(int64(s.TotalKey))
	o.Key("totalSize")
	t.Int(s.TotalSize)
	o.Key("version")
	t.JSONString(s.Version)
	o.End()
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message SnapshotStatus {
//	  uint32 hash = 1; int64 revision = 2; int64 total_key = 3; int64 total_size = 4; string version = 5;
//	}
func (s SnapshotStatus) Protobuf(t *printer.Text) {
	var m []byte
	for i, v := range []uint64{uint64(s.Hash), uint64(s.Revision), uint64(s.TotalKey), uint64(s.TotalSize)} {
		if v != 0 {
			m = protowire.AppendTag(m, protowire.Number(i+1), protowire.VarintType)
			m = protowire.AppendVarint(m, v)
		}
	}
	t.Raw(string(appendString(m, 5, s.Version)))
}
