package view

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/printer"
)

// Health is the outcome of a health check of one endpoint.
type Health struct {
	Endpoint string
	Asked    bool          // false if no request was sent, as when logging in failed
	Took     time.Duration // of the request, where there was one
	Error    string        // the fault; empty if the endpoint is healthy
}

// took is the duration as upstream prints it, empty where nothing took any.
func (h Health) took() string {
	if !h.Asked {
		return ""
	}
	return h.Took.String()
}

func (h Health) healthy() bool { return h.Error == "" }

// EndpointHealth is the result of an endpoint health.
type EndpointHealth []Health

// Simple prints a line for each healthy endpoint. The others are not for
// standard output.
func (h EndpointHealth) Simple(t *printer.Text) {
	for _, one := range h {
		if one.healthy() {
			t.Line(one.Endpoint + " is healthy: successfully committed proposal: took = " + one.took())
		}
	}
}

// Table shows a row for each endpoint.
func (h EndpointHealth) Table(g *printer.Grid) {
	g.Header("endpoint", "health", "took", "error")
	for _, one := range h {
		g.Row(one.Endpoint, strconv.FormatBool(one.healthy()), one.took(), one.Error)
	}
}

// Fields lists a block for each endpoint.
func (h EndpointHealth) Fields(t *printer.Text) {
	for _, one := range h {
		quotedField(t, "Endpoint", []byte(one.Endpoint))
		boolField(t, "Health", one.healthy())
		fieldName(t, "Took")
		t.Line(one.took())
		fieldName(t, "Error")
		t.Line(one.Error)
		t.Byte('\n')
	}
}

// JSON prints an array with one element for each endpoint. Only the error is
// omitted if it is empty.
func (h EndpointHealth) JSON(t *printer.Text) {
	endpointsJSON(t, h, healthJSON)
}

// Objects prints the outcome of each check.
func (h EndpointHealth) Objects(l *printer.Lines) { each(l, h, healthJSON) }

func healthJSON(t *printer.Text, one Health) {
	o := t.Object()
	o.Key("endpoint")
	t.JSONString(one.Endpoint)
	o.Key("health")
	t.JSONBool(one.healthy())
	o.Key("took")
	t.JSONString(one.took())
	o.String("error", one.Error)
	o.End()
}

// Protobuf writes a message of these definitions, of which etcd has none:
//
//	message EndpointHealth { repeated Health endpoints = 1; }
//	message Health { string endpoint = 1; bool health = 2; int64 took_nanoseconds = 3; string error = 4; }
func (h EndpointHealth) Protobuf(t *printer.Text) {
	for _, one := range h {
		m := appendString(nil, 1, one.Endpoint)
		if one.healthy() {
			m = protowire.AppendTag(m, 2, protowire.VarintType)
			m = protowire.AppendVarint(m, 1)
		}
		if one.Took != 0 {
			m = protowire.AppendTag(m, 3, protowire.VarintType)
			m = protowire.AppendVarint(m, uint64(one.Took.Nanoseconds()))
		}
		if !one.healthy() {
			m = appendString(m, 4, one.Error)
		}
		t.Raw(string(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), m)))
	}
}
