package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
)

const (
	shownEvents  = 1000 // lines of a watch
	shownPreview = 200  // bytes of the value of an event
)

var errUnchanging = errors.New("a file does not change")

// watch shows the events of a key, or of the keys in a directory, as they happen,
// the newest first, until ctx ends.
func (m *model) watch(ctx context.Context, n *node, reading int) {
	post := func(change func()) {
		m.post(func() {
			if reading == m.reading {
				change()
			}
		})
	}
	err := m.events(ctx, n, func(line string) {
		post(func() {
			m.pane = slices.Insert(m.pane, min(1, len(m.pane)), line)
			m.pane = m.pane[:min(len(m.pane), shownEvents)]
		})
	})
	post(func() { m.status = cmp.Or(err, errUnchanging).Error() })
}

// events calls shown with a line that says what is watched, and then with one for
// each event.
func (m *model) events(ctx context.Context, n *node, shown func(line string)) error {
	r := keyspace.Range{Key: n.name}
	if n.dir {
		r = keyspace.Prefix(n.name)
	}
	r.CountOnly = true
	var head keyspace.Head
	for page, err := range m.Source.Pages(ctx, r) {
		if err != nil {
			return keyspace.Unbroken(err)
		}
		head = page.Head
	}
	shown(fmt.Sprintf("changes after revision %d:", head.Revision))
	for e, err := range m.Source.Events(ctx, head.Revision+1, 0, r) {
		if err != nil {
			return err
		}
		shown(m.eventLine(n, e))
	}
	return ctx.Err()
}

// eventLine describes an event below a node.
func (m *model) eventLine(n *node, e *mvccpb.Event) string {
	kv := e.GetKv()
	line := fmt.Sprintf("revision %d  %s  %s", kv.GetModRevision(), strings.ToLower(e.GetType().String()), kv.GetKey()[len(n.name):])
	if e.GetType() == mvccpb.DELETE {
		return line
	}
	value := string(kv.GetValue())
	switch v := m.decode(kv); {
	case v.JSON != nil:
		value = string(v.JSON)
	case v.Note != "":
		value = v.Note
	}
	return line + "  " + value[:min(len(value), shownPreview)]
}
