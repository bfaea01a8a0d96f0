package view

import (
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/printer"
)

// Decoder turns values into JSON documents.
type Decoder interface {
	// Decode returns what the value of a key is. It is valid until the next call.
	Decode(key, value []byte) Decoded
}

// Decoded is a value after a [Decoder] has seen it.
type Decoded struct {
	JSON []byte // the document, without white space; nil if the value is printed as it is
	Note string // why there is no document although there should be one
}

// values prints pairs whose values a decoder may turn into documents; without a
// decoder it prints them as they are.
type values struct{ Decoder }

// of returns what the value of a pair is. An empty one, as that of a deletion, is
// not decoded.
func (v values) of(kv *mvccpb.KeyValue) Decoded {
	if v.Decoder == nil || len(kv.GetValue()) == 0 {
		return Decoded{}
	}
	return v.Decode(kv.GetKey(), kv.GetValue())
}

// simple prints a key line, and a value line or a YAML document.
func (v values) simple(t *printer.Text, kv *mvccpb.KeyValue) {
	t.Data(kv.GetKey())
	t.Byte('\n')
	v.value(t, kv)
}

// value prints a value line or a YAML document, or a comment in place of bytes that
// are none.
func (v values) value(t *printer.Text, kv *mvccpb.KeyValue) {
	switch d := v.of(kv); {
	case d.JSON != nil:
		t.YAML(d.JSON)
	case d.Note != "":
		t.Line("# " + printer.Visible(d.Note))
	default:
		valueSimple(t, kv)
	}
}

// documents returns a function that prints values as value does, with the line that
// separates YAML documents between them.
func (v values) documents() func(*printer.Text, *mvccpb.KeyValue) {
	if v.Decoder == nil {
		return valueSimple
	}
	first := true
	return func(t *printer.Text, kv *mvccpb.KeyValue) {
		if !first {
			t.Line("---")
		}
		first = false
		v.value(t, kv)
	}
}

// text returns the pair with the document, on one line, as its value.
func (v values) text(kv *mvccpb.KeyValue) *mvccpb.KeyValue {
	d := v.of(kv)
	if d.JSON == nil {
		return kv
	}
	return &mvccpb.KeyValue{
		Key: kv.GetKey(), Value: d.JSON, CreateRevision: kv.GetCreateRevision(), ModRevision: kv.GetModRevision(),
		Version: kv.GetVersion(), Lease: kv.GetLease(),
	}
}

// json prints the pair, with the document as the member "value". A value without
// one is as always; the member "value_note" then says why.
func (v values) json(t *printer.Text, kv *mvccpb.KeyValue) {
	o := t.Object()
	o.Bytes("key", kv.GetKey())
	o.Int("create_revision", kv.GetCreateRevision())
	o.Int("mod_revision", kv.GetModRevision())
	o.Int("version", kv.GetVersion())
	d := v.of(kv)
	if d.JSON != nil {
		o.Key("value")
		t.JSONValue(d.JSON)
	} else {
		o.Bytes("value", kv.GetValue())
	}
	if d.Note != "" {
		o.String("value_note", d.Note)
	}
	o.Lease("lease", kv.GetLease())
	o.End()
}

// member adds a pair to an object, if there is one.
func (v values) member(t *printer.Text, o *printer.Object, name string, kv *mvccpb.KeyValue) {
	if kv == nil {
		o.Null(name)
		return
	}
	o.Key(name)
	v.json(t, kv)
}
