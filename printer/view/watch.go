package view

import (
	"strconv"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// Watch is one response of a watch: events of one or several revisions, a sign
// of progress without events, or the end of the watch.
type Watch struct {
	*etcdserverpb.WatchResponse
	Decoder Decoder
}

func (w Watch) values() values { return values{w.Decoder} }

// progressType is the type of a progress notification, in place of an event
// type.
const progressType = "PROGRESS"

// progress reports whether the response only reports the progress of the watch.
func (w Watch) progress() bool {
	return len(w.GetEvents()) == 0 && !w.GetCanceled() && !w.GetCreated() &&
		w.GetCompactRevision() == 0 && w.GetHeader().GetRevision() != 0
}

// progressLine is what upstream prints in every format, before the response.
// Here json and protobuf omit it, to stay valid.
func (w Watch) progressLine() string {
	return "progress notify: " + strconv.FormatInt(w.GetHeader().GetRevision(), 10)
}

// Simple prints each event's type, the previous pair where it was asked for,
// and the pair.
func (w Watch) Simple(t *printer.Text) {
	if w.progress() {
		t.Line(w.progressLine())
	}
	for _, e := range w.GetEvents() {
		t.Line(e.GetType().String())
		if e.GetPrevKv() != nil {
			w.values().simple(t, e.GetPrevKv())
		}
		w.values().simple(t, e.GetKv())
	}
}

// Fields lists the header, then each event.
func (w Watch) Fields(t *printer.Text) {
	if w.progress() {
		t.Line(w.progressLine())
	}
	headerFields(t, w.GetHeader())
	for _, e := range w.GetEvents() {
		fieldName(t, "Type")
		t.Line(e.GetType().String())
		if e.GetPrevKv() != nil {
			kvFields(t, "Prev", w.values().text(e.GetPrevKv()))
		}
		kvFields(t, "", w.values().text(e.GetKv()))
	}
}

// JSON prints the response. Its own members are always present, as upstream's
// Go struct has no tags on them; those of the events are omitted when zero. The
// reason of a cancellation is present since 3.7, and an absent list of events
// is null since then.
func (w Watch) JSON(t *printer.Text) {
	o := t.Object()
	o.Key("Header")
	if h := w.GetHeader(); h != nil {
		header := t.Object()
		headerMembers(header, h)
		header.End()
	} else {
		t.JSONNull()
	}
	o.Key("Events")
	if answered := w.GetHeader().GetClusterId() != 0; !t.Release.WatchNullEvents && answered && w.GetEvents() == nil {
		t.Array().End()
	} else {
		w.events(t)
	}
	o.Key("CompactRevision")
	t.JSONInt(w.GetCompactRevision())
	o.Key("Canceled")
	t.JSONBool(w.GetCanceled())
	o.Key("Created")
	t.JSONBool(w.GetCreated())
	if t.Release.WatchCancelCause {
		o.Key("CancelReason")
		t.JSONString(w.GetCancelReason())
	}
	o.End()
}

func (w Watch) events(t *printer.Text) {
	if w.GetEvents() == nil {
		t.JSONNull()
		return
	}
	a := t.Array()
	for _, e := range w.GetEvents() {
		a.Next()
		w.event(t, e)
	}
	a.End()
}

func (w Watch) event(t *printer.Text, e *mvccpb.Event) {
	o := t.Object()
	o.Enum("type", e.GetType())
	w.values().member(t, o, "kv", e.GetKv())
	w.values().member(t, o, "prev_kv", e.GetPrevKv())
	o.End()
}

// Objects prints the events. A progress notification and the end of the watch
// have their own types.
func (w Watch) Objects(l *printer.Lines) {
	each(l, w.GetEvents(), w.event)
	switch {
	case w.progress():
		o := l.Object()
		o.String("type", progressType)
		o.Int("revision", w.GetHeader().GetRevision())
		o.End()
		l.End()
	case w.GetCanceled():
		o := l.Object()
		o.String("type", "CANCELED")
		o.Int("compact_revision", w.GetCompactRevision())
		o.String("reason", w.GetCancelReason())
		o.End()
		l.End()
	}
}

// Table shows a row for each event. A watch is a stream, so each response is a
// separate table; as csv all are one table, without the end of the watch.
func (w Watch) Table(g *printer.Grid) {
	switch {
	case g.Exact() && w.progress():
		rev := strconv.FormatInt(w.GetHeader().GetRevision(), 10)
		w.rows(g, progressType, "", "", "", rev, "", "", "", "")
	case g.Exact():
		w.rows(g)
	case w.progress():
		g.Bare(w.progressLine())
	case len(w.GetEvents()) == 0:
		g.Header("Canceled", "Compact Revision")
		g.Row(strconv.FormatBool(w.GetCanceled()), strconv.FormatInt(w.GetCompactRevision(), 10))
	default:
		w.rows(g)
	}
}

// rows shows a row for each event, or the one that is given.
func (w Watch) rows(g *printer.Grid, row ...string) {
	g.Header(append(append([]string{"Type"}, kvHeader()...), "Previous Value", "Previous Mod Revision")...)
	for _, e := range w.GetEvents() {
		prevValue, prevRev := "", ""
		if kv := e.GetPrevKv(); kv != nil {
			prevValue, prevRev = g.Data(w.values().text(kv).GetValue()), strconv.FormatInt(kv.GetModRevision(), 10)
		}
		g.Row(append(append([]string{e.GetType().String()}, kvRow(g, w.values().text(e.GetKv()))...), prevValue, prevRev)...)
	}
	if len(row) > 0 {
		g.Row(row...)
	}
}

// Protobuf writes the response without the reason of a cancellation, which
// upstream does not copy into its message.
func (w Watch) Protobuf(t *printer.Text) {
	if w.GetCancelReason() == "" {
		t.Message(w.WatchResponse)
		return
	}
	m := proto.CloneOf(w.WatchResponse)
	m.CancelReason = ""
	t.Message(m)
}
