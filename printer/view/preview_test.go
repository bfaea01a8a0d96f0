package view

import (
	"errors"
	"io"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/printer"
)

func TestDeletePreview(t *testing.T) {
	t.Parallel()
	plain, plainHex, odd, oddHex := fieldsOf("")
	header := answered(9)
	some := &pb.RangeResponse{Header: header, Kvs: []*mvccpb.KeyValue{plainKV, oddKV}, More: true, Count: 12}
	one := &pb.RangeResponse{Header: header, Kvs: []*mvccpb.KeyValue{plainKV}, Count: 1}
	none := &pb.RangeResponse{Header: header}
	preview := func(r *pb.RangeResponse) DeletePreview { return DeletePreview{Range: Range{Pages: OnePage(r)}} }
	for _, s := range []shown{
		{
			name: "some of many", view: preview(some),
			simple:    "12 keys would be deleted\n/a\n\"k \\\"\\xff\"\n...\n",
			hexSimple: "12 keys would be deleted\n\\x2f\\x61\n\\x6b\\x20\\x22\\xff\n...\n",
			fields:    answeredFields + plain + odd + "\"More\" : true\n\"Count\" : 12\n",
			hexFields: answeredHexFields + plainHex + oddHex + "\"More\" : true\n\"Count\" : 12\n",
			table: "+--------------+------------+\n" +
				"| WOULD DELETE | FIRST KEYS |\n" +
				"+--------------+------------+\n" +
				"|           12 |         /a |\n" +
				"|              | \"k \\\"\\xff\" |\n" +
				"|              |        ... |\n" +
				"+--------------+------------+\n",
			json:     "{" + answeredJSON + `,"kvs":[` + plainJSON + "," + oddJSON + `],"more":true,"count":12}` + "\n",
			protobuf: some,
		},
		{
			name: "one", view: preview(one),
			simple:    "1 key would be deleted\n/a\n",
			hexSimple: "1 key would be deleted\n\\x2f\\x61\n",
			fields:    answeredFields + plain + "\"More\" : false\n\"Count\" : 1\n",
			hexFields: answeredHexFields + plainHex + "\"More\" : false\n\"Count\" : 1\n",
			table: "+--------------+------------+\n" +
				"| WOULD DELETE | FIRST KEYS |\n" +
				"+--------------+------------+\n" +
				"|            1 |         /a |\n" +
				"+--------------+------------+\n",
			json:     "{" + answeredJSON + `,"kvs":[` + plainJSON + `],"count":1}` + "\n",
			protobuf: one,
		},
		{
			name: "none", view: preview(none),
			simple:    "0 keys would be deleted\n",
			fields:    answeredFields + "\"More\" : false\n\"Count\" : 0\n",
			hexFields: answeredHexFields + "\"More\" : false\n\"Count\" : 0\n",
			table: "+--------------+------------+\n" +
				"| WOULD DELETE | FIRST KEYS |\n" +
				"+--------------+------------+\n" +
				"|            0 |            |\n" +
				"+--------------+------------+\n",
			json:     "{" + answeredJSON + "}\n",
			protobuf: none,
		},
	} {
		t.Run(s.name, s.test)
	}
	values := DeletePreview{Range: Range{Pages: OnePage(some)}, Values: true}
	if got, want := printed(t, "simple", false, values), "12 keys would be deleted\n"+plainSimple+"\"k \\\"\\xff\"\nx\ny\n...\n"; got != want {
		t.Errorf("with values: got %q, want %q", got, want)
	}
	if got, want := printed(t, "simple", true, values), "12 keys would be deleted\n"+plainHexSimple+oddHexSimple+"...\n"; got != want {
		t.Errorf("with values in hex: got %q, want %q", got, want)
	}
}

func TestDeletePreviewError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	pages := func(yield func(*pb.RangeResponse, error) bool) { yield(nil, broken) }
	for _, format := range printer.Names() {
		p, err := printer.New(io.Discard, format, printer.Options{Template: "{{.}}"})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Print(DeletePreview{Range: Range{Pages: pages}}); !errors.Is(err, broken) {
			t.Errorf("%s: %v, want the error of the pages", format, err)
		}
	}
}
