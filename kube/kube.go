// Package kube decodes the values that Kubernetes stores in etcd into JSON: protocol
// buffer envelopes, JSON and CBOR, also if they are encrypted at rest. What it knows
// of the types is a table made from the sources of Kubernetes; no package of
// Kubernetes is linked.
//
// It imports nothing of this module.
package kube

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrNoObject is the error of a value that is no Kubernetes object.
var ErrNoObject = errors.New("no Kubernetes object")

// Options choose what is shown of objects.
type Options struct {
	ShowSecrets bool  // the data of Secrets
	Clean       bool  // only what a manifest has
	Keys        *Keys // of values encrypted at rest; nil if there are none
}

// Decoder decodes values. It is not safe for concurrent use.
type Decoder struct {
	options Options
	table   *table
	walker  walker
	plain   []byte // the object before it is filtered
}

// New returns a decoder.
func New(o Options) (*Decoder, error) {
	t, err := loadTable()
	if err != nil {
		return nil, err
	}
	return &Decoder{options: o, table: t}, nil
}

// typeMeta is what every object says of itself.
type typeMeta struct{ apiVersion, kind string }

// masks reports whether the data of an object must not be shown: it is a Secret, of
// any version, or stored where Secrets are.
func (d *Decoder) masks(t typeMeta, key []byte) bool {
	return !d.options.ShowSecrets && (t.kind == "Secret" || bytes.Contains(key, []byte("/secrets/")))
}

// Decode appends the JSON of the object that is stored at a key to dst. The error
// is [ErrNoObject], an [Encrypted], or says what of the object is damaged; then
// dst is returned as it was.
func (d *Decoder) Decode(dst, key, value []byte) ([]byte, error) {
	value, err := d.options.Keys.decrypt(key, value)
	if err != nil {
		return dst, err
	}
	var t typeMeta
	d.plain = d.plain[:0]
	switch {
	case bytes.HasPrefix(value, []byte(envelopePrefix)):
		t, err = d.envelope(value[len(envelopePrefix):])
	case bytes.HasPrefix(value, []byte(cborPrefix)):
		var out []byte
		if out, err = appendCBOR(nil, value[len(cborPrefix):]); err == nil {
			t, err = d.json(out)
		}
	case len(value) > 0 && value[0] == '{':
		t, err = d.json(value)
	default:
		err = ErrNoObject
	}
	switch {
	case err == nil:
		return d.filtered(dst, d.masks(t, key))
	case !d.masks(t, key):
		return dst, err
	}
	// A Secret that can't be decoded must not be printed as it is.
	return hidden(dst, t, err), nil
}

// hidden appends an object in place of a Secret that can't be decoded.
func hidden(dst []byte, t typeMeta, err error) []byte {
	dst = append(dst, '{')
	if t.kind != "" {
		dst = appendString(append(dst, `"apiVersion":`...), []byte(t.apiVersion))
		dst = append(appendString(append(dst, `,"kind":`...), []byte(t.kind)), ',')
	}
	dst = appendString(append(dst, `"#error":`...), []byte(err.Error()+"; the value is only shown with --show-secrets"))
	return append(dst, '}')
}

// filtered appends the object in d.plain without what the options leave out.
func (d *Decoder) filtered(dst []byte, mask bool) ([]byte, error) { //nolint:revive // mask is part of what is left out
	if !mask && !d.options.Clean {
		return append(dst, d.plain...), nil
	}
	c := copier{in: d.plain, out: dst, clean: d.options.Clean, mask: mask}
	if err := c.document(); err != nil {
		return dst, err
	}
	return c.out, nil
}

// json decodes an object that is stored as JSON, into d.plain.
func (d *Decoder) json(value []byte) (typeMeta, error) {
	c := copier{in: value, out: d.plain}
	if err := c.document(); err != nil {
		return typeMeta{}, fmt.Errorf("%w: %w", ErrNoObject, err)
	}
	d.plain = c.out
	if c.seen.apiVersion == "" || c.seen.kind == "" {
		return typeMeta{}, ErrNoObject
	}
	return c.seen, nil
}
