package view

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// KeyVersion is a version of a key: a put or a deletion.
type KeyVersion struct {
	*mvccpb.Event
	Patch string // lines that show what it changed; "" if not asked for
}

// verb is what happened.
func (v KeyVersion) verb() string { return strings.ToLower(v.GetType().String()) }

// History is the versions of keys, newest first. Every format but the table
// prints one before it asks for the next. An error ends them.
type History struct {
	Compacted int64 // the compact revision; 0 if nothing was compacted
	Keys      bool  // there are several keys
	Versions  iter.Seq2[KeyVersion, error]
	Decoder   Decoder // of values; may be nil
}

func (h History) each(t *printer.Text, f func(KeyVersion)) bool {
	return through(t, h.Versions, f)
}

// Simple prints a line for each, and the lines that show what it changed.
func (h History) Simple(t *printer.Text) {
	h.each(t, func(v KeyVersion) {
		kv := v.GetKv()
		t.Printf("%d %s", kv.GetModRevision(), v.verb())
		if h.Keys {
			t.Byte(' ')
			t.Name(kv.GetKey())
		}
		if v.GetType() == mvccpb.PUT {
			t.Printf(": version %d, %d bytes", kv.GetVersion(), len(kv.GetValue()))
			if kv.GetLease() != 0 {
				t.Printf(", lease %016x", uint64(kv.GetLease()))
			}
		}
		t.Byte('\n')
		for line := range strings.Lines(v.Patch) {
			t.Raw("    " + line)
		}
	})
}

// Fields lists the versions.
func (h History) Fields(t *printer.Text) {
	intField(t, "CompactRevision", h.Compacted)
	h.each(t, func(v KeyVersion) {
		fieldName(t, "Type")
		t.Line(v.GetType().String())
		kvFields(t, "", v.GetKv())
	})
}

func (d values) version(t *printer.Text, v KeyVersion) {
	o := t.Object()
	o.Int("revision", v.GetKv().GetModRevision())
	o.String("type", v.verb())
	d.member(t, o, "kv", v.GetKv())
	if v.Patch != "" {
		o.String("patch", v.Patch)
	}
	o.End()
}

// JSON prints an object with the list.
func (h History) JSON(t *printer.Text) {
	o := t.Object()
	o.Int("compact_revision", h.Compacted)
	o.Key("versions")
	a := t.Array()
	whole := h.each(t, func(v KeyVersion) {
		a.Next()
		values{h.Decoder}.version(t, v)
	})
	if whole {
		a.End()
		o.End()
	}
}

// Objects prints the versions.
func (h History) Objects(l *printer.Lines) {
	h.each(l.Text, func(v KeyVersion) {
		values{h.Decoder}.version(l.Text, v)
		l.End()
	})
}

// Table shows a row for each.
func (h History) Table(g *printer.Grid) {
	g.Header("Revision", "Type", "Key", "Version", "Lease", "Size")
	through(g, h.Versions, func(v KeyVersion) {
		kv, lease := v.GetKv(), ""
		if kv.GetLease() != 0 {
			lease = fmt.Sprintf("%016x", uint64(kv.GetLease()))
		}
		g.Row(strconv.FormatInt(kv.GetModRevision(), 10), v.verb(), g.Data(kv.GetKey()), strconv.FormatInt(kv.GetVersion(), 10), lease, strconv.Itoa(len(kv.GetValue())))
	})
}

// Protobuf writes a message of this definition, of which etcd has Event:
//
//	message History { int64 compact_revision = 1; repeated Event versions = 2; }
func (h History) Protobuf(t *printer.Text) {
	t.Raw(string(appendNumber(nil, 1, uint64(h.Compacted)))) //nolint:gosec // revisions are not negative
	h.each(t, func(v KeyVersion) {
		e, err := proto.Marshal(&mvccpb.Event{Type: v.GetType(), Kv: v.GetKv()})
		if err != nil {
			t.Fail(err)
		}
		t.Raw(string(appendString(nil, 2, string(e))))
	})
}
