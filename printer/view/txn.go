package view

import (
	"fmt"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
)

// Txn is the result of a transaction.
type Txn struct{ *etcdserverpb.TxnResponse }

// response returns the view of one response of a transaction.
func response(r *etcdserverpb.ResponseOp) printer.View {
	switch r := r.GetResponse().(type) {
	case *etcdserverpb.ResponseOp_ResponseRange:
		return Range{Pages: OnePage(r.ResponseRange)}
	case *etcdserverpb.ResponseOp_ResponsePut:
		return Put{r.ResponsePut}
	case *etcdserverpb.ResponseOp_ResponseDeleteRange:
		return Delete{r.ResponseDeleteRange}
	case *etcdserverpb.ResponseOp_ResponseTxn:
		return Txn{r.ResponseTxn}
	default:
		return nil
	}
}

// Simple prints which branch ran, then each response after an empty line.
func (x Txn) Simple(t *printer.Text) {
	if x.GetSucceeded() {
		t.Line("SUCCESS")
	} else {
		t.Line("FAILURE")
	}
	for _, r := range x.GetResponses() {
		t.Byte('\n')
		if v, ok := response(r).(printer.Simple); ok {
			v.Simple(t)
		}
	}
}

// Fields lists which branch ran, then each response with its own header.
func (x Txn) Fields(t *printer.Text) {
	headerFields(t, x.GetHeader())
	boolField(t, "Succeeded", x.GetSucceeded())
	for _, r := range x.GetResponses() {
		if v, ok := response(r).(printer.Fields); ok {
			v.Fields(t)
		}
	}
}

// JSON prints the response. Upstream's document wraps each response twice,
// under Response and its kind.
func (x Txn) JSON(t *printer.Text) {
	o := t.Object()
	headerJSON(t, o, x.GetHeader())
	o.Bool("succeeded", x.GetSucceeded())
	list(t, o, "responses", x.GetResponses(), responseJSON)
	o.End()
}

func responseJSON(t *printer.Text, r *etcdserverpb.ResponseOp) {
	outer := t.Object()
	outer.Key("Response")
	inner := t.Object()
	if v := response(r); v != nil {
		inner.Key(kind(r))
		t.JSON(v)
	}
	inner.End()
	outer.End()
}

// kind names a response as the API's definition does.
func kind(r *etcdserverpb.ResponseOp) string {
	switch r.GetResponse().(type) {
	case *etcdserverpb.ResponseOp_ResponseRange:
		return "response_range"
	case *etcdserverpb.ResponseOp_ResponsePut:
		return "response_put"
	case *etcdserverpb.ResponseOp_ResponseDeleteRange:
		return "response_delete_range"
	case *etcdserverpb.ResponseOp_ResponseTxn:
		return "response_txn"
	default:
		return "unknown"
	}
}

// Table shows a row for each response, and one for each pair that it holds.
func (x Txn) Table(g *printer.Grid) {
	header := append([]string{"Branch", "Op", "Request", "Result"}, kvHeader()...)
	g.Header(header...)
	branch := "failure"
	if x.GetSucceeded() {
		branch = "success"
	}
	for i, r := range x.GetResponses() {
		op := strings.TrimPrefix(kind(r), "response_")
		first := []string{branch, strconv.Itoa(i + 1), op, summary(r)}
		kvs := pairs(g, r)
		if len(kvs) == 0 {
			g.Row(append(first, make([]string, len(kvHeader()))...)...)
		}
		for _, kv := range kvs {
			g.Row(append(first[:len(first):len(first)], kv...)...)
		}
	}
	if len(x.GetResponses()) == 0 {
		g.Row(append([]string{branch}, make([]string, len(header)-1)...)...)
	}
}

func summary(r *etcdserverpb.ResponseOp) string {
	switch r := r.GetResponse().(type) {
	case *etcdserverpb.ResponseOp_ResponseRange:
		return fmt.Sprintf("%d found", r.ResponseRange.GetCount())
	case *etcdserverpb.ResponseOp_ResponsePut:
		return "OK"
	case *etcdserverpb.ResponseOp_ResponseDeleteRange:
		return fmt.Sprintf("%d deleted", r.ResponseDeleteRange.GetDeleted())
	default:
		return ""
	}
}

func pairs(g *printer.Grid, r *etcdserverpb.ResponseOp) (rows [][]string) {
	switch r := r.GetResponse().(type) {
	case *etcdserverpb.ResponseOp_ResponseRange:
		for _, kv := range r.ResponseRange.GetKvs() {
			rows = append(rows, kvRow(g, kv))
		}
	case *etcdserverpb.ResponseOp_ResponsePut:
		if kv := r.ResponsePut.GetPrevKv(); kv != nil {
			rows = append(rows, kvRow(g, kv))
		}
	case *etcdserverpb.ResponseOp_ResponseDeleteRange:
		for _, kv := range r.ResponseDeleteRange.GetPrevKvs() {
			rows = append(rows, kvRow(g, kv))
		}
	}
	return rows
}

// Protobuf writes the response.
func (x Txn) Protobuf(t *printer.Text) { t.Message(x.TxnResponse) }
