package backup

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"filippo.io/age"

	"etcdkit/backup/store"
	"etcdkit/internal/spill"
	"etcdkit/snapshot"
)

// SaveOptions say how to save a backup.
type SaveOptions struct {
	Packing
	// Verify is how the stored bytes are verified: None, Readback or Deep.
	Verify     How
	Identities []age.Identity // to decrypt, for Deep
	// Origin is called once the stream has ended.
	Origin func(ctx context.Context) (Origin, error)
	// Received is told of the bytes of the stream so far, Stage of each phase that
	// begins. Both may be nil.
	Received func(int64)
	Stage    func(Stage)
}

// Stage is a phase of the work, for messages and metrics.
type Stage string

// The stages of a save, in their order.
const (
	StageReceive Stage = "receive"
	StageCheck   Stage = "check"  // and store
	StageVerify  Stage = "verify" // read back
)

// tries is how many names are tried if others save the same snapshot at the
// same time.
const tries = 60

// SourceError is an error of the stream that a snapshot is read from.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return e.Err.Error() }

// Unwrap returns the error of the stream.
func (e *SourceError) Unwrap() error { return e.Err }

// saving is one run of Save.
type saving struct {
	*Repository
	o      SaveOptions
	packed *spill.File // what is to be stored
	packer *packer
	m      Manifest
}

// Save stores the stream of a server's Snapshot call as a backup. The stream is
// compressed and encrypted while it arrives, into a temporary file, because a
// backup's name is known only at its end. Every page and record of the plain
// snapshot is checked, the stored bytes are read back and compared, and only
// then the manifest is written. After an error no backup exists.
//
// Its memory does not depend on the size. Temporary files need room for the
// snapshot and for its compressed form.
func (r *Repository) Save(ctx context.Context, src io.Reader, o SaveOptions) (_ *Backup, err error) {
	s := &saving{Repository: r, o: o}
	if s.packed, err = spill.New(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.packed.Close()) }()
	s.m = Manifest{Format: Format, Time: r.now(), By: r.By, Data: o.data(), Verified: o.Verify}
	tmp, err := spill.New()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tmp.Close()) }()
	s.stage(StageReceive)
	saved, err := s.receive(ctx, src, tmp)
	if err != nil {
		return nil, err
	}
	if s.m.Origin, err = o.Origin(ctx); err != nil {
		return nil, &SourceError{err}
	}
	s.stage(StageCheck)
	c, err := inspect(ctx, tmp.File)
	if err != nil {
		return nil, err
	}
	s.m.fill(c)
	s.m.Name = name(s.m.Time, c.Revision, saved.Whole[:])
	if err := s.store(ctx, saved.Whole[:]); err != nil {
		return nil, err
	}
	return &Backup{Manifest: s.m, Objects: []string{s.object(manifestObject), s.object(s.m.Data)}}, nil
}

// fill takes over the facts of the file.
func (m *Manifest) fill(c Contents) {
	m.StorageVersion, m.Revision, m.CompactRevision, m.HashKV = c.StorageVersion, c.Revision, c.CompactRevision, c.HashKV
	m.Keys, m.Records, m.Leases, m.Members, m.Kubernetes = c.Keys, c.Records, c.Leases, c.Members, c.Kubernetes
}

func (s *saving) stage(now Stage) {
	if s.o.Stage != nil {
		s.o.Stage(now)
	}
}

func (s *saving) object(base string) string { return path.Join(s.m.Name, base) }

// receive writes the stream to tmp, and packed to s.packed.
func (s *saving) receive(ctx context.Context, src io.Reader, tmp *spill.File) (snapshot.SaveResult, error) {
	var err error
	if s.packer, err = s.o.pack(sink{s.packed}); err != nil {
		return snapshot.SaveResult{}, err
	}
	saved, err := snapshot.Copy(ctx, src, io.MultiWriter(sink{tmp}, s.packer), snapshot.SaveOptions{Progress: s.o.Received})
	switch {
	case errors.Is(err, errSink):
		return saved, spill.Full(err)
	case err != nil:
		return saved, &SourceError{err}
	}
	if err := s.packer.Close(); err != nil {
		return saved, spill.Full(err)
	}
	s.m.Plain = Sum{Size: saved.Size, SHA256: hex.EncodeToString(saved.Whole[:])}
	s.m.Stored = s.packer.stored.sum()
	s.m.Compressed = s.packer.compressed.sum()
	return saved, nil
}

// store stores the data, verifies it and writes the manifest. Another program
// may save the same snapshot in the same second: then this one takes the name
// of the next second.
func (s *saving) store(ctx context.Context, sum []byte) error {
	for range tries {
		err := s.put(ctx)
		if !errors.Is(err, store.ErrExists) {
			return err
		}
		s.m.Time = s.m.Time.Add(time.Second)
		s.m.Name = name(s.m.Time, s.m.Revision, sum)
	}
	return fmt.Errorf("%s and %d names after it are in use by other saves", s.m.Name, tries)
}

// cleanupTime is how long the removal of a failed backup's data may take.
const cleanupTime = 20 * time.Second

// put stores the data under the present name. If that or a later step fails, it
// removes the data.
func (s *saving) put(ctx context.Context) (err error) {
	data := s.object(s.m.Data)
	r := io.NewSectionReader(s.packed, 0, s.m.Stored.Size)
	if _, err := s.Store.Put(ctx, data, r, store.PutOptions{IfAbsent: true, Size: s.m.Stored.Size}); err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		for _, object := range []string{s.object(manifestObject), data} {
			if failed := s.Store.Delete(ctx, object); failed != nil {
				err = fmt.Errorf("%w (and %s could not be removed: %v)", err, object, failed) //nolint:errorlint // the first one counts
				return
			}
		}
	}()
	s.stage(StageVerify)
	if err := s.verify(ctx); err != nil {
		return fmt.Errorf("verify the stored backup: %w", err)
	}
	content, err := seal(s.m)
	if err != nil {
		return err
	}
	return s.Repository.put(ctx, s.object(manifestObject), content)
}

// verify reads the stored data back.
func (s *saving) verify(ctx context.Context) error {
	switch s.o.Verify {
	case Readback:
		return s.Readback(ctx, &s.m)
	case Deep:
		plain, err := s.Open(ctx, &s.m, s.o.Identities)
		if err != nil {
			return err
		}
		return plain.Close()
	}
	return nil
}
