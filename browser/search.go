package browser

import (
	"bytes"
	"context"
	"iter"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"

	"etcdkit/keyspace"
)

// typeKey changes the text to search for, or ends the typing of it.
func (m *model) typeKey(k tcell.Key, r rune) {
	switch k {
	case tcell.KeyRune:
		m.typed += string(r)
	case tcell.KeyBackspace, tcell.KeyBackspace2:
		_, size := utf8.DecodeLastRuneInString(m.typed)
		m.typed = m.typed[:len(m.typed)-size]
	case tcell.KeyEscape, tcell.KeyCtrlC:
		m.typing = false
	case tcell.KeyEnter:
		m.typing = false
		if m.typed != "" {
			m.find(m.typed)
		}
	default:
	}
}

// find shows, instead of the tree, the keys whose names contain a text.
func (m *model) find(text string) {
	m.search()
	ctx, cancel := context.WithCancel(m.ctx)
	m.search = cancel
	if m.found == nil {
		m.before = m.cursor
	}
	m.found = &node{name: m.Prefix, label: text, depth: -1}
	m.begin(0)
	m.read(ctx, m.found, m.matches(ctx, m.found, text))
}

// unfind ends a search and shows the tree again.
func (m *model) unfind() {
	if m.found == nil {
		return
	}
	m.search()
	m.found = nil
	m.begin(m.before)
}

// begin shows the tree or what was found, with the cursor at a row.
func (m *model) begin(row int) {
	m.rows, m.cursor, m.pane = nil, row, nil
	m.flatten()
}

// matches yields the keys whose names contain a text.
func (m *model) matches(ctx context.Context, parent *node, text string) iter.Seq2[*node, error] {
	r := keyspace.Prefix(m.Prefix)
	r.KeysOnly, r.AtOnce = true, true
	return func(yield func(*node, error) bool) {
		for page, err := range m.Source.Pages(ctx, r) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, kv := range page.KVs {
				name := string(kv.GetKey())
				if bytes.Contains(kv.GetKey(), []byte(text)) && !yield(&node{name: name, label: name, parent: parent}, nil) {
					return
				}
			}
		}
	}
}
