// Package printer turns views into bytes on a stream. A view carries the data
// of one result and offers one method per format it can be shown in; a format
// is a row of one table. Package view holds the views of etcd's results.
//
// It knows no etcd RPC and imports neither a client nor the other packages of
// this module.
package printer

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/proto"
)

// View is a result to print: a value that implements the interface of at least
// one format, such as [Simple] or [JSON].
type View any

// Simple is a view with a form for people and line-oriented scripts.
type Simple interface{ Simple(*Text) }

// Fields is a view that can be listed as `"Name" : value` lines.
type Fields interface{ Fields(*Text) }

// Table is a view that can be laid out in columns.
type Table interface{ Table(*Grid) }

// JSON is a view that is one JSON document.
type JSON interface{ JSON(*Text) }

// Protobuf is a view that is a protocol buffer message, written in its wire
// format without framing.
type Protobuf interface{ Protobuf(*Text) }

// Message is a view of one protocol buffer message. The formats fields, json
// and protobuf print the message by its definition, unless the view implements
// the format itself.
type Message interface{ Message() proto.Message }

// Request is a [Message] that adds members known only from its request, in
// documents that omit nothing.
type Request interface{ Request(*Object) }

// Document is a view whose JSON form is upstream's and is no JSON, or says less
// than is known. The formats that upstream does not have print this instead.
type Document interface{ Document(*Text) }

// Objects is a view of many results of one kind, such as the pairs of a range:
// jsonl prints a line for each, and a template is applied to each.
type Objects interface{ Objects(*Lines) }

// Options are the choices of presentation that are the same for every view.
type Options struct {
	Hex      bool     // bytes and ids in hexadecimal, where upstream does so
	Release  *Release // whose shapes to print; nil is the default
	UTF8     bool     // bytes in JSON, and formats built on it, as text if they are UTF-8
	Template string   // of the template format
	Terminal bool     // simple, fields and table go to a terminal, which control characters must not reach
	Width    int      // columns of that terminal; a wider table becomes a block for each row. 0 is no limit
}

// Format is one way to print views.
type Format struct {
	Name     string
	Supports func(View) bool
	// Open returns a printer that prints views one after the other, or an error
	// if the options do not suit the format.
	Open func(Options) (func(*Text, View), error)
}

// ErrFormat is the error of a format that does not exist, in upstream's words.
var ErrFormat = errors.New("unsupported output format")

// Formats returns all formats, sorted by name. The -w flag's help, completion
// and check all read this list.
func Formats() []Format {
	return []Format{
		{"csv", implements[Table], openCSV},
		{"fields", either[Fields, Message], always(printFields)},
		{"json", hasJSON, always(func(t *Text, v View) { printJSON(t, v); t.Byte('\n') })},
		{"jsonl", hasDocument, always(printLines)},
		{"protobuf", either[Protobuf, Message], always(printProtobuf)},
		{"simple", implements[Simple], always(func(t *Text, v View) { v.(Simple).Simple(t) })},
		{"table", implements[Table], always(printTable)},
		{Template, hasDocument, openTemplate},
		{"yaml", hasDocument, openYAML},
	}
}

// always opens a format that keeps nothing from one view to the next.
func always(print func(*Text, View)) func(Options) (func(*Text, View), error) {
	return func(Options) (func(*Text, View), error) { return print, nil }
}

// printFields lists the view's fields.
func printFields(t *Text, v View) {
	t.Hex = t.Hex && t.Release.HexFields
	if f, ok := v.(Fields); ok {
		f.Fields(t)
		return
	}
	t.messageFields(v.(Message).Message().ProtoReflect())
}

func hasJSON(v View) bool { return either[JSON, Message](v) }

func printJSON(t *Text, v View) { t.JSON(v) }

// JSON appends the JSON document of a view that is a [JSON] or a [Message].
func (t *Text) JSON(v View) {
	if j, ok := v.(JSON); ok {
		j.JSON(t)
		return
	}
	m := v.(Message).Message()
	if r, ok := v.(Request); ok {
		t.answer(m, r)
		return
	}
	t.MessageJSON(m)
}

func printProtobuf(t *Text, v View) {
	if p, ok := v.(Protobuf); ok {
		p.Protobuf(t)
		return
	}
	t.Message(v.(Message).Message())
}

// either reports whether a view implements a format itself or is printed by
// another.
func either[F, G any](v View) bool { return implements[F](v) || implements[G](v) }

// implements reports whether a view has the form F.
func implements[F any](v View) bool {
	_, ok := v.(F)
	return ok
}

// Names returns the names of all formats.
func Names() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// Printer prints views in one format to one stream. It is not safe for
// concurrent use.
type Printer struct {
	format Format
	print  func(*Text, View)
	text   *Text
}

// New returns a printer of the named format that writes to w, or an error that
// wraps [ErrFormat] or [ErrTemplate].
func New(w io.Writer, format string, o Options) (*Printer, error) {
	o.Terminal = o.Terminal && (format == "simple" || format == "fields" || format == "table")
	for _, f := range Formats() {
		if f.Name == format {
			print, err := f.Open(o)
			if err != nil {
				return nil, err
			}
			return &Printer{format: f, print: print, text: newText(w, o)}, nil
		}
	}
	return nil, fmt.Errorf("%w: %q: use one of %s", ErrFormat, format, strings.Join(Names(), ", "))
}

// Format returns the name of the printer's format.
func (p *Printer) Format() string { return p.format.Name }

// Release returns the release whose shapes the printer prints.
func (p *Printer) Release() *Release { return p.text.Release }

// Add prints v into the printer's buffer, which is written out as it fills.
// The error may be that of an earlier write.
func (p *Printer) Add(v View) error {
	if !p.format.Supports(v) {
		return fmt.Errorf("%w: %s can't be printed as %s", ErrFormat, noun(v), p.format.Name)
	}
	p.print(p.text, v)
	return p.text.err
}

// noun is the name of the type of a view: "MemberList" for a view.MemberList.
func noun(v View) string {
	name := fmt.Sprintf("%T", v)
	return name[strings.LastIndexByte(name, '.')+1:]
}

// Flush writes the buffered output.
func (p *Printer) Flush() error { return p.text.flush() }

// Print adds v and flushes.
func (p *Printer) Print(v View) error {
	if err := p.Add(v); err != nil {
		return err
	}
	return p.Flush()
}
