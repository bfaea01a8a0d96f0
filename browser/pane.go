package browser

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
	"etcdkit/keyspace/diff"
	"etcdkit/keyspace/history"
	"etcdkit/printer"
)

const (
	shownBytes    = 1 << 20 // of a value
	shownVersions = 100     // of a key
	measuredKeys  = 1000    // of a directory
)

// show begins to read what the pane shows of the node under the cursor. A reading
// that has not ended is abandoned.
func (m *model) show() {
	m.cancel()
	m.reading++
	m.scroll, m.status = 0, ""
	n := m.current()
	if n == nil || m.mode == modeHelp {
		return
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.cancel = cancel
	reading, mode := m.reading, m.mode
	if mode == modeWatch {
		go m.watch(ctx, n, reading)
		return
	}
	go func() {
		defer cancel()
		text, err := m.text(ctx, n, mode)
		m.post(func() {
			if reading != m.reading {
				return
			}
			m.pane = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			if err != nil {
				m.status = keyspace.Unbroken(err).Error()
			}
		})
	}()
}

func (m *model) text(ctx context.Context, n *node, mode mode) (string, error) {
	switch {
	case n.dir:
		return m.directory(ctx, n.name)
	case mode == modeHistory || mode == modeDiff:
		return m.versions(ctx, n.name, mode)
	}
	kv, err := m.get(ctx, n.name)
	if err != nil {
		return "", err
	}
	if kv == nil {
		return "the key was deleted\n", nil
	}
	about := fmt.Sprintf("%d bytes, version %d, revision %d", len(kv.GetValue()), kv.GetVersion(), kv.GetModRevision())
	if kv.GetLease() != 0 {
		about += fmt.Sprintf(", lease %x", kv.GetLease())
	}
	return about + "\n\n" + m.value(kv, mode), nil
}

func (m *model) get(ctx context.Context, key string) (*mvccpb.KeyValue, error) {
	for page, err := range m.Source.Pages(ctx, keyspace.Range{Key: key}) {
		if err != nil {
			return nil, err
		}
		if len(page.KVs) > 0 {
			return page.KVs[0], nil
		}
	}
	return nil, nil
}

// decode calls Decode for one value at a time.
func (m *model) decode(kv *mvccpb.KeyValue) Value {
	m.decoding <- struct{}{}
	defer func() { <-m.decoding }()
	v := m.Decode(kv.GetKey(), kv.GetValue())
	v.JSON = bytes.Clone(v.JSON)
	return v
}

func (m *model) value(kv *mvccpb.KeyValue, mode mode) string {
	v, b, more := m.decode(kv), kv.GetValue(), ""
	if len(b) > shownBytes {
		b, more = b[:shownBytes], "\nthe rest is not shown\n"
	}
	switch {
	case mode == modeHex && v.Hidden:
		return "hidden; see --show-secrets\n"
	case mode == modeHex:
		return hex.Dump(b) + more
	case v.JSON != nil:
		return printer.YAML(v.JSON)
	case v.Note != "":
		return v.Note + "\n"
	case !utf8.Valid(b) && more == "":
		return hex.Dump(b)
	}
	var out bytes.Buffer
	if more == "" && json.Indent(&out, b, "", "  ") == nil {
		return out.String()
	}
	return string(b) + more
}

// directory describes a directory by its first keys.
func (m *model) directory(ctx context.Context, prefix string) (string, error) {
	r := keyspace.Prefix(prefix)
	r.SizesOnly, r.Limit = true, measuredKeys
	var keys, size int64
	more := ""
	for page, err := range m.Source.Pages(ctx, r) {
		if err != nil {
			return "", err
		}
		for _, kv := range page.KVs {
			keys++
			size += int64(len(kv.GetKey()) + len(kv.GetValue()))
		}
		if page.More {
			more = "the first "
		}
	}
	return fmt.Sprintf("%s%d keys have %d bytes\n", more, keys, size), nil
}

// versions lists the versions of a key, or what each changed.
func (m *model) versions(ctx context.Context, key string, mode mode) (string, error) {
	list, err := history.Of(ctx, m.Source, history.Query{Key: key, Limit: shownVersions, Previous: mode == modeDiff})
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = m.write(&out, list, mode)
	if list.Compacted > 0 {
		fmt.Fprintf(&out, "history before revision %d is compacted\n", list.Compacted)
	}
	return out.String(), errors.Join(err, list.Close())
}

func (m *model) write(out *strings.Builder, list *history.List, mode mode) error {
	for e, err := range list.Versions {
		if err != nil {
			return err
		}
		kv := e.GetKv()
		fmt.Fprintf(out, "revision %d  %s", kv.GetModRevision(), strings.ToLower(e.GetType().String()))
		if e.GetType() == mvccpb.PUT {
			fmt.Fprintf(out, "  version %d  %d bytes", kv.GetVersion(), len(kv.GetValue()))
		}
		out.WriteByte('\n')
		known := e.GetPrevKv() != nil || kv.GetVersion() == 1
		if mode == modeDiff && e.GetType() == mvccpb.PUT && known {
			out.WriteString(diff.Values(m.comparable(e.GetPrevKv()), m.comparable(kv)))
		}
	}
	return nil
}

// comparable returns what is compared of a value: never bytes that are hidden.
func (m *model) comparable(kv *mvccpb.KeyValue) []byte {
	if len(kv.GetValue()) == 0 {
		return nil
	}
	switch v := m.decode(kv); {
	case v.JSON != nil:
		return v.JSON
	case v.Note != "":
		return []byte(v.Note)
	}
	return kv.GetValue()
}
