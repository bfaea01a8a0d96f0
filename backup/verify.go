package backup

import (
	"context"
	"errors"
	"io"
	"path"

	"filippo.io/age"

	"etcdkit/backup/pack"
	"etcdkit/internal/spill"
)

// Readback reads the stored bytes of a backup and compares their size and their
// sha256 with the manifest. It needs no identity.
func (r *Repository) Readback(ctx context.Context, m *Manifest) (err error) {
	body, err := r.Store.Get(ctx, path.Join(m.Name, m.Data), 0, -1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	t := pack.NewTally(body, m.Stored, "the stored bytes")
	_, err = io.CopyBuffer(pack.OnlyWriter{Writer: io.Discard}, t, make([]byte, 256<<10))
	return err
}

// Open reads a backup into a temporary file, compares every layer's size and
// sha256 with the manifest, checks all pages and records, and compares what it
// finds with the manifest. The caller closes the result.
func (r *Repository) Open(ctx context.Context, m *Manifest, ids []age.Identity) (*Plain, error) {
	p, err := newPlain(ctx, func(tmp *spill.File) error { return r.Unpack(ctx, m, ids, tmp) })
	if err != nil {
		return nil, err
	}
	var want Manifest
	want.fill(p.Contents)
	if err := m.compare(&want); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Unpack writes the plain snapshot to out, and compares every layer's size and
// sha256 with the manifest. After an error out has a part of it.
func (r *Repository) Unpack(ctx context.Context, m *Manifest, ids []age.Identity, out io.Writer) (err error) {
	body, err := r.Store.Get(ctx, path.Join(m.Name, m.Data), 0, -1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	plain, err := m.layers().Reader(body, ids)
	if err != nil {
		return err
	}
	defer plain.Close()
	_, err = io.CopyBuffer(sink{out}, pack.OnlyReader{Reader: plain}, make([]byte, 256<<10))
	return err
}

// compare compares the facts of the file with those of the manifest.
func (m *Manifest) compare(file *Manifest) error {
	for _, one := range []struct {
		what      string
		got, want any
	}{
		{"revision", file.Revision, m.Revision},
		{"compact revision", file.CompactRevision, m.CompactRevision},
		{"hash of the keys", file.HashKV, m.HashKV},
		{"number of keys", file.Keys, m.Keys},
		{"number of leases", file.Leases, m.Leases},
		{"number of members", file.Members, m.Members},
	} {
		if one.got != one.want {
			return damaged("the %s in the snapshot is %v, but the manifest has %v", one.what, one.got, one.want)
		}
	}
	return nil
}
