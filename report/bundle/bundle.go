package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"etcdkit/internal/spill"
	"etcdkit/report/redact"
)

// root is the directory of all entries.
const root = "etcd-bundle/"

// Options describe a bundle.
type Options struct {
	At      time.Time
	Program string // that makes it, with its version
	Subject string // what it is about
	Names   *Names // nil shows names of keys as they are
	Redact  *redact.Redactor
}

// Bundle collects entries in a temporary file. The caller closes it.
type Bundle struct {
	Options
	entries []Entry
	missing []Missing
	file    *spill.File
	size    int64
}

// Entry is a file of the bundle.
type Entry struct {
	Name  string `json:"name"`
	About string `json:"about"`
	Bytes int64  `json:"bytes"`

	offset int64
}

// Missing is something that could not be read.
type Missing struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// New returns an empty bundle.
func New(o Options) (*Bundle, error) {
	file, err := spill.New()
	return &Bundle{Options: o, file: file}, err
}

// Close frees what the bundle holds.
func (b *Bundle) Close() error { return b.file.Close() }

// Miss notes that something could not be read.
func (b *Bundle) Miss(what, why string) {
	b.missing = append(b.missing, Missing{b.Redact.Text(what), b.Redact.Text(why)})
}

// Missing returns what could not be read, without secrets.
func (b *Bundle) Missing() []Missing { return b.missing }

// Text adds an entry of text, without the secrets in it.
func (b *Bundle) Text(name, about, text string) error {
	e := Entry{Name: name, About: about, offset: b.size}
	if err := b.append(b.Redact.Text(text)); err != nil {
		return err
	}
	b.add(e)
	return nil
}

// JSON adds an entry that is a JSON document.
func (b *Bundle) JSON(name, about string, v any) error {
	text, err := document(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return b.Text(name, about, text)
}

func document(v any) (string, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(v)
	return text.String(), err
}

func (b *Bundle) append(text string) error {
	n, err := b.file.WriteString(text)
	b.size += int64(n)
	return spill.Full(err)
}

// add adds the entry that has just been written.
func (b *Bundle) add(e Entry) {
	e.Bytes = b.size - e.offset
	b.entries = append(b.entries, e)
}

// Write writes the archive: README.txt with a table of the entries, index.json
// with the same as data, and the entries in the order in which they were added.
// The same entries give the same bytes.
func (b *Bundle) Write(w io.Writer) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	index, err := b.index()
	if err != nil {
		return err
	}
	for _, one := range []struct{ name, text string }{{readmeName, b.readme(int64(len(index)))}, {indexName, index}} {
		if err := b.header(t, one.name, int64(len(one.text))); err != nil {
			return err
		}
		if _, err := io.WriteString(t, one.text); err != nil {
			return err
		}
	}
	for _, e := range b.entries {
		if err := b.header(t, e.Name, e.Bytes); err != nil {
			return err
		}
		if _, err := io.Copy(t, io.NewSectionReader(b.file, e.offset, e.Bytes)); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

func (b *Bundle) header(t *tar.Writer, name string, size int64) error {
	return t.WriteHeader(&tar.Header{Name: root + name, Mode: 0o600, Size: size, ModTime: b.At.UTC().Truncate(time.Second), Format: tar.FormatPAX})
}
