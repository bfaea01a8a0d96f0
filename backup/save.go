package backup

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"filippo.io/age"

	"etcdkit/backup/pack"
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
	packed *os.File // what is to be stored
	m      Manifest
	sum    []byte // of the plain snapshot
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
	s.m = Manifest{Format: Format, Time: r.now(), By: r.By, Data: dataObject + o.Suffix(), Verified: o.Verify}
	tmp, err := spill.New()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tmp.Close()) }()
	s.packed = tmp.File
	if o.Packs() {
		packed, err := spill.New()
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, packed.Close()) }()
		s.packed = packed.File
	}
	s.stage(StageReceive)
	if err := s.receive(ctx, src, tmp); err != nil {
		return nil, err
	}
	if s.m.Origin, err = o.Origin(ctx); err != nil {
		return nil, &SourceError{err}
	}
	s.stage(StageCheck)
	if err := s.store(ctx, tmp.File); err != nil {
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
func (s *saving) receive(ctx context.Context, src io.Reader, tmp *spill.File) error {
	out, packer := io.Writer(sink{tmp}), (*pack.Packer)(nil)
	if s.o.Packs() {
		var err error
		if packer, err = s.o.Pack(sink{s.packed}); err != nil {
			return err
		}
		out = io.MultiWriter(out, packer)
	}
	saved, err := snapshot.Copy(ctx, src, out, snapshot.SaveOptions{Progress: s.o.Received})
	switch {
	case errors.Is(err, errSink):
		return spill.Full(err)
	case err != nil:
		return &SourceError{err}
	}
	s.sum = saved.Whole[:]
	s.m.Plain = Sum{Size: saved.Size, SHA256: hex.EncodeToString(s.sum)}
	s.m.Compressed, s.m.Stored = s.m.Plain, s.m.Plain
	if packer == nil {
		return nil
	}
	if err := packer.Close(); err != nil {
		return spill.Full(err)
	}
	s.m.Compressed, s.m.Stored = packer.Sums(s.m.Plain)
	return nil
}

// store stores the data while the plain snapshot is checked. Another program
// may save the same snapshot in the same second: then this one takes the name
// of the next second.
func (s *saving) store(ctx context.Context, plain *os.File) error {
	head, err := revision(ctx, plain)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type inspected struct {
		Contents
		err error
	}
	checked := make(chan inspected, 1)
	go func() {
		c, err := inspect(ctx, plain)
		checked <- inspected{c, err}
	}()
	err = fmt.Errorf("%d names from %s on are in use by other saves: %w", tries, s.m.Time.Format(timeLayout), store.ErrExists)
	for range tries {
		s.m.Name = name(s.m.Time, head, s.sum)
		putErr := s.put(ctx, func() error {
			c := <-checked
			checked <- c // for another try
			s.m.fill(c.Contents)
			return c.err
		})
		if !errors.Is(putErr, store.ErrExists) {
			err = putErr
			break
		}
		s.m.Time = s.m.Time.Add(time.Second)
	}
	cancel()
	<-checked // nobody reads the file any more
	return err
}

// cleanupTime is how long the removal of a failed backup's data may take.
const cleanupTime = 20 * time.Second

// put stores the data under the present name, waits for the check, verifies what
// is stored and writes the manifest. If that fails, it removes the data.
func (s *saving) put(ctx context.Context, checked func() error) (err error) {
	data := s.object(s.m.Data)
	r := io.NewSectionReader(s.packed, 0, s.m.Stored.Size)
	if _, err := s.Store.Put(ctx, data, pack.OnlyReader{Reader: r}, store.PutOptions{IfAbsent: true, Size: s.m.Stored.Size}); err != nil {
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
	if err := checked(); err != nil {
		return err
	}
	s.stage(StageVerify)
	if err := s.verify(ctx); err != nil {
		return fmt.Errorf("verify the stored backup: %w", err)
	}
	content, err := pack.Seal(s.m)
	if err != nil {
		return err
	}
	return s.Repository.put(ctx, s.object(manifestObject), content)
}

// verify reads the stored data back.
func (s *saving) verify(ctx context.Context) error {
	switch s.o.Verify {
	case Readback:
		return s.same(ctx)
	case Deep:
		plain, err := s.Open(ctx, &s.m, s.o.Identities)
		if err != nil {
			return err
		}
		return plain.Close()
	}
	return nil
}

// same compares the stored bytes with those that were to be stored, which takes
// less time than hashing them.
func (s *saving) same(ctx context.Context) (err error) {
	body, err := s.Store.Get(ctx, s.object(s.m.Data), 0, -1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	want := pack.NewComparison(io.NewSectionReader(s.packed, 0, s.m.Stored.Size))
	if _, err := io.CopyBuffer(want, pack.OnlyReader{Reader: body}, make([]byte, 256<<10)); err != nil {
		return err
	}
	return want.End(s.m.Stored.Size)
}
