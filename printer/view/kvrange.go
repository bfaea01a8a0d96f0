package view

import (
	"iter"

	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
)

// Pages are the parts of one range at one revision, in order. The header is that
// of the first page, the count and More are those of the last. An error ends the
// pages.
type Pages = iter.Seq2[*etcdserverpb.RangeResponse, error]

// OnePage is the pages of a range that came in a single response.
func OnePage(r *etcdserverpb.RangeResponse) Pages {
	return func(yield func(*etcdserverpb.RangeResponse, error) bool) { yield(r, nil) }
}

// Range is the result of a get. Every format but the table prints a page and
// lets it go before it asks for the next.
type Range struct {
	Pages      Pages
	ValuesOnly bool // simple: leave the keys out
	Decoder    Decoder
}

func (r Range) values() values { return values{r.Decoder} }

// each calls f for every page and ends the text on an error. Its result is the
// last page, which may be the only one; nil where there was none.
func (r Range) each(t *printer.Text, f func(i int, page *etcdserverpb.RangeResponse)) *etcdserverpb.RangeResponse {
	var last *etcdserverpb.RangeResponse
	i := 0
	for page, err := range r.Pages {
		if err != nil {
			t.Fail(err)
		}
		if t.Failed() {
			return nil
		}
		f(i, page)
		t.Flush() // a reader may be waiting for it
		last = page
		i++
	}
	return last
}

// Simple prints a key line and a value line for each pair.
func (r Range) Simple(t *printer.Text) {
	line := r.values().simple
	if r.ValuesOnly {
		line = r.values().documents()
	}
	r.each(t, func(_ int, page *etcdserverpb.RangeResponse) {
		for _, kv := range page.GetKvs() {
			line(t, kv)
		}
	})
}

// Fields lists header, pairs, and whether there is more.
func (r Range) Fields(t *printer.Text) {
	last := r.each(t, func(i int, page *etcdserverpb.RangeResponse) {
		if i == 0 {
			headerFields(t, page.GetHeader())
		}
		for _, kv := range page.GetKvs() {
			kvFields(t, "", r.values().text(kv))
		}
	})
	if last == nil {
		return
	}
	boolField(t, "More", last.GetMore())
	intField(t, "Count", last.GetCount())
}

// JSON prints the pages as the one response that they are parts of.
func (r Range) JSON(t *printer.Text) {
	o := t.Object()
	var kvs *printer.Array
	last := r.each(t, func(i int, page *etcdserverpb.RangeResponse) {
		if i == 0 {
			headerJSON(t, o, page.GetHeader())
		}
		for _, kv := range page.GetKvs() {
			if kvs == nil {
				o.Key("kvs")
				kvs = t.Array()
			}
			kvs.Next()
			r.values().json(t, kv)
		}
	})
	if last == nil {
		return
	}
	if kvs != nil {
		kvs.End()
	} else {
		list(t, o, "kvs", nil, kvJSON)
	}
	o.Bool("more", last.GetMore())
	o.Int("count", last.GetCount())
	o.End()
}

// Objects prints the pairs.
func (r Range) Objects(l *printer.Lines) {
	r.each(l.Text, func(_ int, page *etcdserverpb.RangeResponse) { each(l, page.GetKvs(), r.values().json) })
}

// Table shows the pairs; as a table it holds them all to know how wide a column is.
func (r Range) Table(g *printer.Grid) {
	g.Header(kvHeader()...)
	for page, err := range r.Pages {
		if err != nil {
			g.Fail(err)
			return
		}
		if g.Failed() {
			return
		}
		for _, kv := range page.GetKvs() {
			g.Row(kvRow(g, r.values().text(kv))...)
		}
	}
}

// Protobuf writes the pages as the one response that they are parts of: fields
// in the order of their numbers, a repeated field over as many pages as it has.
func (r Range) Protobuf(t *printer.Text) {
	last := r.each(t, func(i int, page *etcdserverpb.RangeResponse) {
		part := &etcdserverpb.RangeResponse{Kvs: page.GetKvs()}
		if i == 0 {
			part.Header = page.GetHeader()
		}
		t.Message(part)
	})
	if last != nil {
		t.Message(&etcdserverpb.RangeResponse{More: last.GetMore(), Count: last.GetCount()})
	}
}
