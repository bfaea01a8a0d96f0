package kube

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// compressed is the union of the types that Kubernetes has stored since 1.17.
// e2e/tools/kubetable writes it.
//
//go:embed table.gz
var compressed []byte

// table holds the messages of stored objects by apiVersion and kind, as in
// "apps/v1 Deployment".
type table struct {
	kinds map[string]*message
	meta  *message // ObjectMeta
}

// message is the definition of one protocol buffer message.
type message struct {
	fields []field // in the order of JSON
	index  []int16 // of the field with a number, or -1
}

// find returns the index of a field by its number, or len(m.fields) if there is
// none.
func (m *message) find(num uint64) int {
	if num < uint64(len(m.index)) && m.index[num] >= 0 {
		return int(m.index[num])
	}
	return len(m.fields)
}

// field is the definition of a field.
type field struct {
	num    int
	key    string // the quoted name and a colon, of JSON
	typ    kind
	shape  shape
	inline bool // the members of the message are members of the object
	empty  bool // omitted if empty
	zero   bool // omitted if it is a time that is zero
	gone   bool // omitted if it is not stored, because newer releases do not have it
	sub    *message
}

// shape is how often a field occurs.
type shape byte

const (
	single shape = iota
	pointer
	list
	mapped
)

// kind is the type of the values of a field: the letters of the table.
type kind byte

const (
	kindString     kind = 's'
	kindBool       kind = 'b'
	kindInt        kind = 'i'
	kindDouble     kind = 'f'
	kindFloat      kind = 'g'
	kindBytes      kind = 'y'
	kindMessage    kind = 'm'
	kindTime       kind = 't'
	kindMicroTime  kind = 'u'
	kindDuration   kind = 'd'
	kindIntOrStr   kind = 'o'
	kindQuantity   kind = 'q'
	kindRaw        kind = 'r' // a message whose first field is JSON
	kindStrings    kind = 'w' // a message whose first field is a list of strings
	kindOrBool     kind = 'B' // JSON schemas, or something shorter
	kindOrArray    kind = 'A'
	kindOrStrings  kind = 'S'
	messageLetters      = "mBAS"
)

// loadTable reads the embedded table.
func loadTable() (*table, error) {
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("table of Kubernetes types: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("table of Kubernetes types: %w", err)
	}
	return parseTable(string(text))
}

// parseTable reads a table: a line "= NAME [APIVERSION KIND]" for each message
// and a line "NUMBER NAME TYPE FLAGS" for each of its fields.
func parseTable(text string) (*table, error) {
	t := &table{kinds: map[string]*message{}}
	byName := map[string]*message{}
	named := func(name string) *message {
		if byName[name] == nil {
			byName[name] = &message{}
		}
		return byName[name]
	}
	var m *message
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "= "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			if m = named(name); kind != "" {
				t.kinds[kind] = m
			}
			continue
		}
		f, err := parseField(line, named)
		if err != nil {
			return nil, fmt.Errorf("table of Kubernetes types: %q: %w", line, err)
		}
		for len(m.index) <= f.num {
			m.index = append(m.index, -1)
		}
		m.index[f.num] = int16(len(m.fields))
		m.fields = append(m.fields, f)
	}
	t.meta = named("meta/v1.ObjectMeta")
	return t, nil
}

func parseField(line string, named func(string) *message) (f field, err error) {
	parts := strings.SplitN(line, " ", 4)
	if len(parts) != 4 {
		return f, fmt.Errorf("%d parts instead of 4", len(parts))
	}
	if f.num, err = strconv.Atoi(parts[0]); err != nil {
		return f, err
	}
	f.key = `"` + parts[1] + `":`
	f.typ = kind(parts[2][0])
	if strings.IndexByte(messageLetters, byte(f.typ)) >= 0 {
		f.sub = named(parts[2][1:])
	}
	for _, flag := range parts[3] {
		switch flag {
		case 'I':
			f.inline = true
		case 'e':
			f.empty = true
		case 'z':
			f.empty, f.zero = true, true
		case 'x':
			f.gone = true
		case 'p':
			f.shape = pointer
		case 'l':
			f.shape = list
		case 'M':
			f.shape = mapped
		}
	}
	return f, nil
}
