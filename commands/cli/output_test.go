package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"etcdkit/printer"
)

// doc is a view of a JSON document.
type doc string

func (d doc) Simple(t *printer.Text) { t.Line("simple") }

func (d doc) JSON(t *printer.Text) {
	o := t.Object()
	o.Int(string(d), 1)
	o.End()
}

func TestOutput(t *testing.T) {
	t.Parallel()
	const (
		both     = "--template and -w json exclude each other: leave -w out"
		document = `{"a":1}`
	)
	tests := []struct {
		args, env string
		want      string
		code      Code
		err       string
	}{
		{args: "", want: "simple\n"},
		{args: "-w yaml", want: "a: 1\n"},
		{args: "--template {{.a}}", want: "1\n"},
		{args: "--template {{.a}} -w template", want: "1\n"},
		{args: "-w template --template {{.a}}", want: "1\n"},
		{args: "--template {{.a}} -w json", code: BadArgs, err: both},
		{args: "--template {{", code: BadArgs, err: "bad template: --template:1: unclosed action"},
		{args: "--template=", code: BadArgs, err: "bad template: give one with --template"},
		{args: "-w template", code: BadArgs, err: "bad template: give one with --template"},
		{env: "X_TEMPLATE={{.a}}", want: "1\n"},
		{env: "X_TEMPLATE={{.a}},X_WRITE_OUT=json", code: BadArgs, err: both},
		{env: "X_TEMPLATE={{.a}},X_WRITE_OUT=template", want: "1\n"},
		{args: "-w json", env: "X_TEMPLATE={{.a}}", want: document + "\n"},
		{args: "-w template", env: "X_TEMPLATE={{.a}}", want: "1\n"},
		{args: "--template {{.a}}", env: "X_WRITE_OUT=json", want: "1\n"},
		{args: "--compat 3.4", code: BadFeature, err: `unsupported release "3.4" for --compat: use one of 3.5, 3.6, 3.7`},
	}
	for _, tt := range tests {
		t.Run(tt.args+" "+tt.env, func(t *testing.T) {
			t.Parallel()
			o, root := &Output{}, &cobra.Command{}
			o.AddTo(root, "x")
			if err := root.ParseFlags(strings.Fields(tt.args)); err != nil {
				t.Fatal(err)
			}
			var out, stderr bytes.Buffer
			o.ApplyEnv(Streams{Env: strings.Split(tt.env, ","), Err: &stderr}, "X", root.PersistentFlags())
			p, err := o.Printer(&out)
			if err != nil {
				if CodeOf(err) != tt.code || err.Error() != tt.err {
					t.Errorf("error %v with code %d, want %q with %d", err, CodeOf(err), tt.err, tt.code)
				}
				return
			}
			if err := p.Print(doc("a")); err != nil {
				t.Fatal(err)
			}
			if out.String() != tt.want || tt.err != "" {
				t.Errorf("printed %q, want %q or error %q", out.String(), tt.want, tt.err)
			}
			if o.Format() != p.Format() {
				t.Errorf("Format() is %q, printed as %q", o.Format(), p.Format())
			}
		})
	}
}
