package timeline

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"

	"filippo.io/age"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/pack"
	"etcdkit/internal/spill"
	"etcdkit/snapshot"
	"etcdkit/snapshot/replay"
)

// Result is the snapshot of a moment. The caller closes it.
type Result struct {
	*backup.Plain
	// LeaseSource is how the leases are known: those of the increment that has the
	// revision. It is empty if they are those of the full backup.
	LeaseSource increment.LeaseSource
	// Guessed is how many leases had keys, but ended before the server was asked
	// for their times. They have a TTL of a minute.
	Guessed int
	// Hashed is the latest revision whose hash the server had recorded and the
	// snapshot has as well; 0 if none was recorded after the full backup.
	Hashed int64
}

// guessedTTL is the TTL, in seconds, of a lease whose TTL is not known.
const guessedTTL = 60

// Restore makes the snapshot of a target: the full backup, with the records of the
// increments written into it. What the server said of its hash is compared.
func Restore(ctx context.Context, r *backup.Repository, t *Target, ids []age.Identity) (_ *Result, err error) {
	if t.Revision == t.Backup.Revision {
		plain, err := r.Open(ctx, &t.Backup.Manifest, ids)
		return &Result{Plain: plain}, err
	}
	dir, err := os.MkdirTemp("", "etcdkit-*") // bbolt needs a file with a name
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p := &past{Target: t, repo: r, ids: ids, path: filepath.Join(dir, "db"), leases: map[int64]snapshot.Lease{}, named: map[int64]bool{}}
	if err := p.unpack(ctx); err != nil {
		return nil, err
	}
	if err := p.write(ctx); err != nil {
		return nil, spill.Full(err)
	}
	file, err := spill.Take(p.path)
	if err != nil {
		return nil, err
	}
	plain, err := backup.Inspect(ctx, file)
	if err == nil {
		err = p.compare(ctx, file.File)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Result{Plain: plain, LeaseSource: p.source, Guessed: len(p.named), Hashed: p.hashed}, nil
}

// past is a restore that is under way.
type past struct {
	*Target
	repo *backup.Repository
	ids  []age.Identity
	path string

	db      *replay.Database
	main    int64                    // of the last record
	leases  map[int64]snapshot.Lease // before or at the revision, and at the end of its increment
	named   map[int64]bool           // by keys, since the leases were known, but unknown themselves
	source  increment.LeaseSource
	compact int64
	hashes  []increment.Hash
	hashed  int64
}

// unpack writes the full backup, without the sha256 at its end, and reads its
// leases.
func (p *past) unpack(ctx context.Context) (err error) {
	f, err := os.OpenFile(p.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = p.repo.Unpack(ctx, &p.Backup.Manifest, p.ids, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	src, err := snapshot.Open(p.path)
	if err != nil {
		return err
	}
	leases, err := src.Leases(ctx)
	size := src.DataSize()
	if err := errors.Join(err, src.Close()); err != nil {
		return err
	}
	for _, l := range leases {
		p.leases[l.ID] = l
	}
	return os.Truncate(p.path, size)
}

// write writes what is after the full backup.
func (p *past) write(ctx context.Context) (err error) {
	if p.db, err = replay.Open(p.path); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.db.Discard()) }()
	p.main = p.Backup.Revision
	for _, i := range p.Increments {
		if err := p.increment(ctx, i); err != nil {
			return err
		}
	}
	if p.main != p.Revision {
		return pack.Damaged("the increments end at revision %d instead of %d", p.main, p.Revision)
	}
	end := replay.End{CompactRevision: p.compact}
	for l := range maps.Values(p.leases) {
		end.Leases = append(end.Leases, l)
	}
	for id := range p.named {
		if _, ok := p.leases[id]; ok {
			delete(p.named, id)
			continue
		}
		end.Leases = append(end.Leases, snapshot.Lease{ID: id, TTL: guessedTTL})
	}
	return p.db.Finish(end)
}

func (p *past) increment(ctx context.Context, i *increment.Increment) (err error) {
	r, err := increment.Open(ctx, p.repo.Store, i, increment.OpenOptions{Identities: p.ids, After: p.main})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for p.main < p.Revision {
		m, err := r.Next()
		if err == io.EOF { //nolint:errorlint // the end of the parts
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.part(ctx, r, m); err != nil {
			return err
		}
	}
	return nil
}

// part writes the records of a part up to the revision.
func (p *past) part(ctx context.Context, r *increment.Reader, m *increment.Manifest) error {
	if m.To <= p.Backup.Revision { // the backup has it all
		return nil
	}
	var key []byte
	for rec, err := range r.Records() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if rec.Main <= p.Backup.Revision || rec.Main > p.Revision {
			continue
		}
		if rec.Main != p.main && rec.Main != p.main+1 {
			return pack.Damaged("revision %d is followed by %d", p.main, rec.Main)
		}
		p.main = rec.Main
		if !rec.Tombstone {
			kv, err := snapshot.ParseRecord(rec.Value)
			if err != nil {
				return pack.Damaged("record %d.%d: %w", rec.Main, rec.Sub, err)
			}
			if kv.LeaseID != 0 {
				p.named[kv.LeaseID] = true
			}
		}
		key = rec.AppendKey(key[:0])
		if err := p.db.Append(key, rec.Value); err != nil {
			return err
		}
		key = nil // it belongs to the database now
	}
	p.facts(m)
	return p.ends(r, m)
}

// facts notes what the server said of its compactions and its hash.
func (p *past) facts(m *increment.Manifest) {
	for _, c := range m.Compactions {
		if c.Revision <= p.Revision && c.CompactRevision <= p.Revision {
			p.compact = max(p.compact, c.CompactRevision)
		}
	}
	for _, h := range m.Hashes {
		if h.Revision <= p.Revision && h.Revision > p.Backup.Revision {
			p.hashes = append(p.hashes, h)
		}
	}
}

// ends takes the leases at the end of a part. If the part ends after the revision,
// they are added to those at its beginning: a lease may have begun or ended since.
func (p *past) ends(r *increment.Reader, m *increment.Manifest) error {
	leases, err := r.Leases()
	if err != nil || m.LeaseSource == increment.Unknown {
		return err
	}
	p.source = m.LeaseSource
	if m.To < p.Revision {
		clear(p.leases)
		clear(p.named)
	}
	for _, l := range leases {
		p.leases[l.ID] = snapshot.Lease{ID: l.ID, TTL: l.Granted, Remaining: max(l.Remaining, 0)}
	}
	return nil
}

// compare asks the snapshot for the latest hash that the server gave after the same
// compaction.
func (p *past) compare(ctx context.Context, file *os.File) error {
	f, err := snapshot.OpenBorrowed(file, "snapshot")
	if err != nil {
		return err
	}
	now, err := f.HashKV(ctx, 0)
	if err != nil {
		return err
	}
	for n := len(p.hashes) - 1; n >= 0; n-- {
		want := p.hashes[n]
		if want.CompactRevision != now.CompactRevision {
			continue
		}
		got, err := f.HashKV(ctx, want.Revision)
		if err != nil {
			return err
		}
		if got.Hash != want.HashKV {
			return pack.Damaged("the hash of the keys at revision %d is %08x, but the server had %08x", want.Revision, got.Hash, want.HashKV)
		}
		p.hashed = want.Revision
		return nil
	}
	return nil
}
