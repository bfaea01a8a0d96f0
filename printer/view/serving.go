package view

import (
	"strconv"

	"etcdkit/printer"
)

// Serving describes a server on the copy of a file.
type Serving struct {
	Path     string // of the file
	Endpoint string
	Version  string // of the server
	Revision int64
	Keys     int64
	DataDir  string // of the copy, if it is kept
	CAFile   string // that verifies the server's certificate, if it has one, as a word for a shell
}

// Simple prints where to connect, and a command that does.
func (s Serving) Simple(t *printer.Text) {
	t.Printf("Serving %s at %s: etcd %s, revision %d, %d keys\n", s.Path, s.Endpoint, s.Version, s.Revision, s.Keys)
	t.Printf("  etcdctl --endpoints %s%s get \"\" --prefix --keys-only\n", s.Endpoint, s.tls())
}

func (s Serving) tls() string {
	if s.CAFile == "" {
		return ""
	}
	return " --cacert " + s.CAFile
}

func (s Serving) record() record {
	return record{
		{field: "Path", member: "path", v: s.Path},
		{field: "Endpoint", member: "endpoint", v: s.Endpoint},
		{field: "Version", member: "version", v: s.Version},
		{field: "Revision", member: "revision", v: s.Revision},
		{field: "Keys", member: "keys", v: s.Keys, keep: true},
		{field: "Data directory", member: "dataDir", v: s.DataDir, some: true},
	}
}

// Fields lists all that is known.
func (s Serving) Fields(t *printer.Text) { s.record().fields(t) }

// JSON prints an object.
func (s Serving) JSON(t *printer.Text) { s.record().json(t) }

// Table shows a row.
func (s Serving) Table(g *printer.Grid) {
	g.Header("Path", "Endpoint", "Version", "Revision", "Keys", "Data Directory")
	g.Row(s.Path, s.Endpoint, s.Version, strconv.FormatInt(s.Revision, 10), strconv.FormatInt(s.Keys, 10), s.DataDir)
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message Serving {
//	  string path = 1; string endpoint = 2; string version = 3;
//	  int64 revision = 4; int64 keys = 5; string data_dir = 6;
//	}
func (s Serving) Protobuf(t *printer.Text) { t.Raw(string(s.record().message())) }
