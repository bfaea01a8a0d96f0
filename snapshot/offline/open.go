package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"etcdkit/internal/lock"
	"etcdkit/keyspace"
	"etcdkit/snapshot"
	"etcdkit/snapshot/datadir"
)

// Cluster is what a file holds of a cluster. The caller closes it.
type Cluster struct {
	Source
	// Dir describes a data directory; it is nil for a file.
	Dir  *datadir.Info
	file *snapshot.File
}

// Options say how to read a data directory. Files have none.
type Options struct {
	WALDir string       // member/wal in the directory, if empty
	Tail   datadir.Tail // entries of the WAL that count
}

// ErrRunning says that a server is running on a file.
var ErrRunning = errors.New("an etcd server is running on it")

// lockWait bounds the wait for the lock of a database that was not in use just
// before.
const lockWait = 5 * time.Second

// Open opens a snapshot, a copy of a database, or a data directory, of which it
// reads what the member would serve after a restart.
func Open(ctx context.Context, path string, o Options) (*Cluster, error) {
	db, err := database(path)
	if err != nil {
		return nil, err
	}
	if err := idle(db); err != nil {
		return nil, err
	}
	if db != path {
		return openDir(ctx, path, o)
	}
	f, err := snapshot.Open(path)
	if err != nil {
		return nil, err
	}
	return New(f), nil
}

func openDir(ctx context.Context, path string, o Options) (*Cluster, error) {
	d, err := datadir.Open(ctx, path, datadir.Options{WALDir: o.WALDir, Tail: o.Tail, Wait: lockWait})
	if err != nil {
		return nil, err
	}
	return &Cluster{Source: Source{Store: d.File, Who: func(_ context.Context, h *keyspace.Head) error {
		h.ClusterID, h.MemberID, h.RaftTerm = d.ClusterID, d.MemberID, d.Info.Term
		return nil
	}}, Dir: &d.Info, file: d.File}, nil
}

// New returns what an open file holds. Closing the cluster closes the file.
func New(f *snapshot.File) *Cluster {
	return &Cluster{Source: Source{Store: f, Who: func(ctx context.Context, h *keyspace.Head) error {
		term, err := f.Term(ctx)
		h.RaftTerm = term
		return err
	}, Verify: func(ctx context.Context) error {
		if err := f.VerifyChecksum(ctx); err != nil && !errors.Is(err, snapshot.ErrNoChecksum) {
			return fmt.Errorf("%s is not as it was saved: %w", f.Path(), err)
		}
		return nil
	}}, file: f}
}

// OpenCopy opens a copy of a database, or of that in a data directory, which a
// server may be using: see snapshot.OpenCopy.
func OpenCopy(ctx context.Context, path string) (*Cluster, error) {
	path, err := database(path)
	if err != nil {
		return nil, err
	}
	f, err := snapshot.OpenCopy(ctx, path)
	if err != nil {
		return nil, err
	}
	return New(f), nil
}

// OpenSalvage opens a damaged file or database: see snapshot.OpenSalvage. Its
// sha256 is not verified.
func OpenSalvage(path string, report func(*snapshot.CorruptError)) (*Cluster, error) {
	path, err := database(path)
	if err != nil {
		return nil, err
	}
	if err := idle(path); err != nil {
		return nil, err
	}
	f, err := snapshot.OpenSalvage(path, report)
	if err != nil {
		return nil, err
	}
	c := New(f)
	c.Verify = nil
	return c, nil
}

// CheckFreelist returns the damage of the file's list of free pages, which reading
// does not need.
func (c *Cluster) CheckFreelist() error { return c.file.CheckFreelist() }

// File is the open file.
func (c *Cluster) File() *snapshot.File { return c.file }

// Close closes the file.
func (c *Cluster) Close() error { return c.file.Close() }

// database returns the database of a data directory, and the path of anything
// else.
func database(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, err
	}
	db := snapshot.DataDirFile(path)
	if _, err := os.Stat(db); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is a directory without member/snap/db: give a data directory or a file", path)
	} else if err != nil {
		return "", err
	}
	return db, nil
}

// idle returns an error if a server has the file open. The lock that it asks for
// is shared, and dropped at once.
func idle(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if lock.Used(f) {
		return fmt.Errorf("%s: %w", path, ErrRunning)
	}
	return nil
}

// Describe reads the whole database and returns its sizes and its storage
// version, without a hash. Entries of the WAL do not count.
func (c *Cluster) Describe(ctx context.Context) (snapshot.Status, error) { return c.file.Check(ctx, 0) }
