package printer

import (
	"encoding/base64"
	"encoding/csv"
	"slices"
	"strings"
	"unicode/utf8"
)

// csvBase64 begins a cell of bytes in base64. Bytes are written in base64
// unless every csv reader returns the text unchanged.
const csvBase64 = "base64:"

// csvRows writes tables as comma-separated values: a line of column names, then
// a line for each row. Tables with the same columns are one.
type csvRows struct {
	text  *Text
	w     *csv.Writer
	names []string // of the columns printed last
}

func openCSV(Options) (func(*Text, View), error) {
	c := &csvRows{}
	return func(t *Text, v View) {
		if c.w == nil {
			c.text, c.w = t, csv.NewWriter(t)
		}
		v.(Table).Table(&Grid{Options: t.Options, csv: c})
	}, nil
}

func (c *csvRows) header(names []string) {
	if slices.Equal(names, c.names) {
		return
	}
	c.names = slices.Clone(names)
	line := make([]string, len(names))
	for i, name := range names {
		line[i] = strings.ReplaceAll(strings.ToLower(name), " ", "_")
	}
	c.row(line)
}

// row writes one row through to the text, whose errors are its own.
func (c *csvRows) row(cells []string) {
	if len(cells) == 1 && cells[0] == "" {
		c.text.Line(`""`) // readers skip the empty line that the package would write
		return
	}
	_ = c.w.Write(cells)
	c.w.Flush()
}

// csvData is b as text if it is UTF-8, otherwise in base64 after a mark. Many
// readers lose carriage returns, some stop at a zero byte, and text that begins
// like the mark would be mistaken for it.
func csvData(b []byte) string {
	s := string(b)
	if utf8.ValidString(s) && !strings.ContainsAny(s, "\r\x00") && !strings.HasPrefix(s, csvBase64) {
		return s
	}
	return csvBase64 + base64.StdEncoding.EncodeToString(b)
}
