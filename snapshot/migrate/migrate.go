// Package migrate converts the data directory of a stopped server to another
// release. It imports bbolt, which the rest of the engine does without, and no
// cobra, no printer, no package of the etcd server and nothing that opens a
// connection.
//
// A release of etcd 3 may change the schema of the database
// (server/storage/schema: schema.go, migration.go). So far there is one change:
// 3.6 added the key "storageVersion" to the bucket "meta", and 3.7 raises it.
// Entries of raft's log that are not in the database yet have to be of a kind
// that the older release knows; they carry no version, but the fields and
// values of their messages are marked with the release that brought them
// (api/versionpb, version.proto).
package migrate

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/coreos/go-semver/semver"
	bolt "go.etcd.io/bbolt"

	"etcdkit/snapshot"
	"etcdkit/snapshot/raftlog"
)

// Keys of the bucket "meta" (server/storage/schema, bucket.go).
const (
	keyStorageVersion  = "storageVersion"
	keyConsistentIndex = "consistent_index"
	keyTerm            = "term"
)

// ErrNoTerm says that the database does not record its release.
var ErrNoTerm = errors.New("missing term information")

// ErrTooEarly says that a server of the target's release would not start on the
// result, because the WAL still has entries that only an older release reads.
var ErrTooEarly = errors.New("too early")

// Options say which directory to migrate, and to which release.
type Options struct {
	DataDir string
	WALDir  string // member/wal below DataDir if not given
	// Target is the release to migrate to, of which the patch does not count.
	Target semver.Version
	// Force writes the target's version where migrating to it is refused.
	Force bool
	// Wait is how long to wait for a server to let go of the database; 0 is
	// without end.
	Wait time.Duration
}

// Result describes a completed run.
type Result struct {
	From, To semver.Version
	// Changed is false where the directory was of the target's release.
	Changed bool
	// Refused is why Force was needed; nil where it was not.
	Refused error
	// V2Requests is how many requests of v2 clients the WAL holds that are not
	// in a raft snapshot. From 3.6 on a server does not start on them.
	V2Requests int
	// V2Own is how many requests of that form servers up to 3.5 have put there
	// themselves. 3.6 still reads them; from 3.7 on a server does not start on
	// them.
	V2Own int
	// Cluster is the version that the cluster has agreed on; zero if it is
	// unknown. A server below it does not start.
	Cluster semver.Version
}

// Run changes the database of a data directory in place, in one transaction
// after all checks. After an error the directory is unchanged. Errors about
// content match snapshot.ErrCorrupt.
func Run(ctx context.Context, o Options) (_ Result, err error) {
	o.Target = minor(o.Target)
	path := snapshot.DataDirFile(o.DataDir)
	if err := scan(ctx, path, o.Wait); err != nil {
		return Result{}, err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		FreelistType:   bolt.FreelistMapType,
		NoFreelistSync: true, // as etcd keeps it
		NoStatistics:   true,
		Timeout:        o.Wait,
	})
	if at := (*fs.PathError)(nil); errors.As(err, &at) { // which has the path
		return Result{}, err
	}
	if err != nil {
		return Result{}, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r := Result{To: o.Target}
	err = db.View(func(tx *bolt.Tx) error {
		var err error
		r.From, err = detect(tx)
		r.Cluster = clusterVersion(tx)
		return err
	})
	if err != nil || r.From == o.Target {
		return r, err
	}
	log, err := readLog(ctx, cmp.Or(o.WALDir, snapshot.DataDirWAL(o.DataDir)))
	if err != nil {
		return Result{}, fmt.Errorf("failed to read wal: %w", err)
	}
	r.V2Requests, r.V2Own = log.v2Requests, log.v2Own
	if r.Refused = allowed(r.From, o.Target, log.oldest); r.Refused == nil {
		r.Refused = tooEarly(o.Target, log)
	}
	if r.Refused != nil && !o.Force {
		return Result{}, r.Refused
	}
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	r.Changed = true
	return r, db.Update(func(tx *bolt.Tx) error { return set(tx, o.Target) })
}

// scan checks every page of the database, which bbolt is about to map and to
// trust.
func scan(ctx context.Context, path string, wait time.Duration) (err error) {
	f, err := snapshot.OpenLocked(ctx, path, wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Check(ctx, 0)
	return err
}

// detect reads the release that a database is of. 3.5 does not say it, but was
// the first to keep the term.
func detect(tx *bolt.Tx) (semver.Version, error) {
	meta := tx.Bucket([]byte(snapshot.MetaBucket))
	if meta == nil {
		return semver.Version{}, ErrNoTerm
	}
	if v, err := semver.NewVersion(string(meta.Get([]byte(keyStorageVersion)))); err == nil {
		return minor(*v), nil
	}
	for _, key := range []string{keyConsistentIndex, keyTerm} {
		v := meta.Get([]byte(key))
		if v != nil && len(v) != 8 {
			return semver.Version{}, &snapshot.CorruptError{
				Page: snapshot.NoPage, Bucket: snapshot.MetaBucket, Key: []byte(key), Detail: fmt.Sprintf("a number of %d bytes", len(v)),
			}
		}
		if v == nil || (key == keyTerm && binary.BigEndian.Uint64(v) == 0) {
			return semver.Version{}, ErrNoTerm
		}
	}
	return release(3, 5), nil
}

// clusterVersion reads the version that the cluster has agreed on.
func clusterVersion(tx *bolt.Tx) semver.Version {
	if b := tx.Bucket([]byte("cluster")); b != nil {
		if v, err := semver.NewVersion(string(b.Get([]byte("clusterVersion")))); err == nil {
			return minor(*v)
		}
	}
	return semver.Version{}
}

// set makes the database one of the release.
func set(tx *bolt.Tx, target semver.Version) error {
	meta := tx.Bucket([]byte(snapshot.MetaBucket))
	if target.LessThan(release(3, 6)) {
		return meta.Delete([]byte(keyStorageVersion))
	}
	return meta.Put([]byte(keyStorageVersion), []byte(target.String()))
}

// readLog reads the entries since the last raft snapshot.
func readLog(ctx context.Context, dir string) (needs, error) {
	log, err := raftlog.Open(ctx, dir)
	if err != nil {
		return needs{}, err
	}
	var n needs
	err = log.Entries(ctx, log.LatestMark().Index, func(e raftlog.Entry) error { return log.Bad(e, n.add(e)) })
	return n, err
}

// V2Requests counts the requests of v2's form that a WAL holds after its last raft
// snapshot: see Result.
func V2Requests(ctx context.Context, walDir string) (clients, own int, err error) {
	n, err := readLog(ctx, walDir)
	return n.v2Requests, n.v2Own, err
}

func release(major, minor int64) semver.Version { return semver.Version{Major: major, Minor: minor} }

func minor(v semver.Version) semver.Version { return release(v.Major, v.Minor) }
