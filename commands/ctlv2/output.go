package ctlv2

import (
	"encoding/json"
	"fmt"
	"slices"

	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

// The formats of --output. Not every command has every one.
const (
	formatSimple   = "simple"
	formatExtended = "extended"
	formatJSON     = "json"
	formatTable    = "table"
)

// printer returns a printer of the requested format, which has to be one of
// those that the command supports.
func (a *app) printer(formats ...string) (*printer.Printer, error) {
	format := a.flags.output
	if !slices.Contains(formats, format) {
		return nil, cli.Exit(cli.BadFeature, bad("Unsupported output format: %s", format))
	}
	if format == formatExtended { // a separate view, of lines
		format = formatSimple
	}
	_, tty := cli.Terminal(a.streams.Out)
	return printer.New(a.streams.Out, format, printer.Options{Terminal: tty})
}

// view is how an answer looks in the format asked for.
func (a *app) view(resp *client.Response) printer.View {
	if a.flags.output == formatExtended {
		return extended{resp}
	}
	return response{resp}
}

// response is the answer to a request of a key, or an event of one.
type response struct{ *client.Response }

// Simple prints the value, or the previous one after a key was deleted.
func (r response) Simple(t *printer.Text) {
	if r.Action == actionDelete {
		r.previous(t)
		return
	}
	value(t, r.Node.Value)
}

// actionDelete is the action of requests that delete a key whatever its value.
const actionDelete = "delete"

func (r response) previous(t *printer.Text) {
	previous := ""
	if r.PrevNode != nil {
		previous = r.PrevNode.Value
	}
	t.Raw("PrevNode.Value: ")
	value(t, previous)
}

// value prints a value as it is, on a terminal as well.
func value(t *printer.Text, v string) {
	t.Data([]byte(v))
	t.Byte('\n')
}

// JSON prints the document with encoding/json's bytes, as upstream does.
func (r response) JSON(t *printer.Text) { appendJSON(t, r.Response) }

func appendJSON(t *printer.Text, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fail(fmt.Errorf("print as JSON: %w", err))
		return
	}
	t.Data(b)
}

// extended is an answer with all its metadata, like the header and the body of
// a mail.
type extended struct{ *client.Response }

// Simple prints the lines.
func (e extended) Simple(t *printer.Text) {
	t.Line("Key: " + e.Node.Key)
	t.Printf("Created-Index: %d\n", e.Node.CreatedIndex)
	t.Printf("Modified-Index: %d\n", e.Node.ModifiedIndex)
	if e.PrevNode != nil {
		response(e).previous(t)
	}
	t.Printf("TTL: %d\n", e.Node.TTL)
	t.Printf("Index: %d\n", e.Index)
	if e.Action != actionDelete {
		t.Line("")
		value(t, e.Node.Value)
	}
}

// nothing is the output of a request for a directory: in the simple format, no
// line at all.
func (a *app) nothing(resp *client.Response) printer.View {
	if a.flags.output == formatSimple {
		return silence{}
	}
	return a.view(resp)
}

type silence struct{}

// Simple prints nothing.
func (silence) Simple(*printer.Text) {}
