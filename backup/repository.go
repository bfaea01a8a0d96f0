package backup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"time"

	"etcdkit/backup/pack"
	"etcdkit/backup/store"
)

// Repository is a store with backups in it. It takes no locks: any number of
// programs may save, read and prune at once.
type Repository struct {
	Store store.Store
	By    string           // the program and its version, for manifests and records
	Now   func() time.Time // the clock
}

// Backup is one backup: its manifest, and what verifications found since.
type Backup struct {
	Manifest
	Checked []Record // oldest first
	// Damage is what is wrong with the backup, as far as the manifest, the list of
	// objects and the last record tell; "" for a good one.
	Damage string
	// Unsure is set if a verification record could not be read, so that the backup
	// may be verified better than Verification says, or damaged.
	Unsure bool
	// Objects are the names of all objects, the manifest first.
	Objects []string
}

// Verification returns when and how well the backup was last found to be good.
// A later verification of the same or a deeper kind takes precedence.
func (b *Backup) Verification() (time.Time, How) {
	at, how := b.Time, b.Verified
	if how == None {
		at = time.Time{}
	}
	for _, r := range b.Checked {
		if r.Problem == "" && r.How.rank() >= how.rank() {
			at, how = r.Time, r.How
		}
	}
	return at, how
}

// Leftover is what is below the name of a backup that can't be used.
type Leftover struct {
	Name    string
	Why     string
	Objects []string
	Size    int64
	Time    time.Time // of the name or the youngest object, whichever is later
	// Unfinished is set if the backup has no manifest: its save was killed or is
	// still running, or its removal was interrupted.
	Unfinished bool
}

// Listing is what a repository contains.
type Listing struct {
	Backups   []*Backup  // good ones, newest first
	Damaged   []*Backup  // found to be damaged, newest first
	Leftovers []Leftover // in the order of their names
	Foreign   int        // objects that are not ours
}

// All returns the good and the damaged backups, newest first.
func (l *Listing) All() []*Backup {
	all := slices.Concat(l.Backups, l.Damaged)
	sortBackups(all)
	return all
}

func sortBackups(all []*Backup) {
	slices.SortFunc(all, func(a, b *Backup) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.Revision, a.Revision), cmp.Compare(b.Name, a.Name))
	})
}

// readers is how many manifests are read at once.
const readers = 8

// found is what the list of objects shows of one backup.
type found struct {
	name     string
	sizes    map[string]int64 // of all objects, by name
	youngest time.Time
	total    int64
}

// List reads the manifest and the records of every backup. A backup is in
// Backups only if its manifest is whole, its data has the size that it should
// have, and no verification found it damaged.
func (r *Repository) List(ctx context.Context) (*Listing, error) {
	l := &Listing{}
	byName := map[string]*found{}
	for info, err := range r.Store.List(ctx, "") {
		if err != nil {
			return nil, err
		}
		name, k := classify(info.Name)
		if k == foreign {
			l.Foreign++
			continue
		}
		f := byName[name]
		if f == nil {
			f = &found{name: name, sizes: map[string]int64{}}
			byName[name] = f
		}
		f.sizes[info.Name] = info.Size
		f.total += info.Size
		if info.Modified.After(f.youngest) {
			f.youngest = info.Modified
		}
	}
	if err := r.read(ctx, byName, l); err != nil {
		return nil, err
	}
	sortBackups(l.Backups)
	sortBackups(l.Damaged)
	slices.SortFunc(l.Leftovers, func(a, b Leftover) int { return cmp.Compare(a.Name, b.Name) })
	return l, nil
}

// read reads the manifests side by side.
func (r *Repository) read(ctx context.Context, byName map[string]*found, l *Listing) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	todo := make(chan *found)
	var mu sync.Mutex
	var failed error
	var wait sync.WaitGroup
	for range min(readers, len(byName)) {
		wait.Go(func() {
			for f := range todo {
				b, left, err := r.one(ctx, f)
				mu.Lock()
				switch {
				case err != nil:
					failed = cmp.Or(failed, err)
					cancel()
				case left != nil:
					l.Leftovers = append(l.Leftovers, *left)
				case b != nil && b.Damage != "":
					l.Damaged = append(l.Damaged, b)
				case b != nil:
					l.Backups = append(l.Backups, b)
				}
				mu.Unlock()
			}
		})
	}
	for _, f := range byName {
		todo <- f
	}
	close(todo)
	wait.Wait()
	return failed
}

// one reads one backup, or says why it is none.
func (r *Repository) one(ctx context.Context, f *found) (*Backup, *Leftover, error) {
	left := &Leftover{Name: f.name, Objects: f.names(), Size: f.total, Time: f.youngest}
	if at := nameTime(f.name); at.After(left.Time) {
		left.Time = at
	}
	object := path.Join(f.name, manifestObject)
	if _, ok := f.sizes[object]; !ok {
		left.Unfinished, left.Why = true, "no manifest: the save is still running or was interrupted"
		return nil, left, nil
	}
	content, err := r.get(ctx, object)
	if errors.Is(err, store.ErrNotFound) { // pruned meanwhile
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	m, err := parseManifest(f.name, content)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) {
		left.Why = "manifest: " + err.Error()
		return nil, left, nil
	}
	if err != nil {
		return nil, nil, err
	}
	b := &Backup{Manifest: *m, Objects: f.names()}
	if err := r.records(ctx, f, b); err != nil {
		return nil, nil, err
	}
	switch size, ok := f.sizes[path.Join(f.name, m.Data)]; {
	case !ok:
		b.Damage = m.Data + " is missing"
	case size != m.Stored.Size:
		b.Damage = fmt.Sprintf("%s has %d bytes, not %d", m.Data, size, m.Stored.Size)
	}
	return b, nil, nil
}

// names returns the names of all objects, the manifest first and the data last,
// so that they can be removed in this order.
func (f *found) names() []string {
	var names []string
	for object := range f.sizes {
		names = append(names, object)
	}
	order := map[kind]int{manifestKind: 0, recordKind: 1, dataKind: 2}
	slices.SortFunc(names, func(a, b string) int {
		_, ka := classify(a)
		_, kb := classify(b)
		return cmp.Or(cmp.Compare(order[ka], order[kb]), cmp.Compare(a, b))
	})
	return names
}

// records reads the verification records of a backup. One that is damaged only
// makes the backup unsure.
func (r *Repository) records(ctx context.Context, f *found, b *Backup) error {
	for object := range f.sizes {
		if _, k := classify(object); k != recordKind {
			continue
		}
		content, err := r.get(ctx, object)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		rec, err := parseRecord(f.name, content)
		if err != nil {
			b.Unsure = true
			continue
		}
		rec.object = object
		b.Checked = append(b.Checked, *rec)
	}
	slices.SortFunc(b.Checked, func(a, b Record) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.object, b.object)) })
	for _, rec := range b.Checked {
		b.Damage = cmp.Or(rec.Problem, b.Damage)
	}
	return nil
}

// get reads a small object.
func (r *Repository) get(ctx context.Context, object string) (content []byte, err error) {
	body, err := r.Store.Get(ctx, object, 0, -1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	return pack.ReadSealed(body)
}

// put writes a small object that must not exist, and reads it back. A store that
// lost its answer may have written it, so what is stored decides.
func (r *Repository) put(ctx context.Context, object string, content []byte) error {
	_, putErr := r.Store.Put(ctx, object, bytes.NewReader(content), store.PutOptions{IfAbsent: true, Size: int64(len(content))})
	got, err := r.get(ctx, object)
	switch {
	case err != nil:
		return errors.Join(putErr, err)
	case bytes.Equal(got, content):
		return nil
	case putErr != nil:
		return putErr
	}
	return damaged("%s reads back differently from what was written", object)
}

// AddRecord stores the result of a verification beside the backup. A backup that
// was found to be good is no longer damaged: records of problems, from
// verifications that were not deeper, are removed.
func (r *Repository) AddRecord(ctx context.Context, b *Backup, how How, problem string) error {
	rec := Record{Format: Format, Backup: b.Name, Time: r.now(), By: r.By, How: how, Problem: problem}
	content, err := pack.Seal(rec)
	if err != nil {
		return err
	}
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	if err := r.put(ctx, rec.place(hex.EncodeToString(random[:])), content); err != nil || problem != "" {
		return err
	}
	for _, old := range b.Checked {
		if old.Problem != "" && old.How.rank() <= how.rank() {
			if err := r.Store.Delete(ctx, old.object); err != nil {
				return err
			}
		}
	}
	return nil
}

// now is the time in whole seconds, as the format has it.
func (r *Repository) now() time.Time { return r.Now().UTC().Truncate(time.Second) }
