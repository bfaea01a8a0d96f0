package restore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"etcdkit/snapshot/output"
)

// BackupConfig says what to back up, and where to. The fields are the flags of
// "etcdutl backup".
type BackupConfig struct {
	DataDir string
	WALDir  string // member/wal below DataDir if not given
	// BackupDir gets a directory "member", which must not be there or be empty.
	BackupDir string
	// BackupWALDir must not be there or be empty. If not given, it is
	// member/wal below BackupDir.
	BackupWALDir string
	// WithV3 keeps keys of v3; without it the backup has those of v2 alone.
	WithV3 bool
	// Wait is how long to wait for a server to let go of the database; 0 is
	// without end.
	Wait time.Duration
}

// BackupResult describes a backup.
type BackupResult struct {
	Entries int    // of raft's log, without those of the raft snapshot
	Index   uint64 // of the last one
	// Torn is the file of the source's WAL whose last record was not written to
	// its end; "" where none is.
	Torn string
}

func (c *BackupConfig) walDir() string {
	if c.WALDir != "" {
		return c.WALDir
	}
	return filepath.Join(c.DataDir, "member", "wal")
}

// backupDirs are the directories under construction.
type backupDirs struct {
	member *output.Dir
	walDir *output.Dir // nil where the WAL is in member
}

// makeDirs makes room for a database of size bytes, and starts the directories.
func (c *BackupConfig) makeDirs(size int64) (_ *backupDirs, err error) {
	member := filepath.Join(c.BackupDir, memberDir)
	inside := ""
	if c.BackupWALDir != "" {
		if inside, err = below(member, c.BackupWALDir); err != nil {
			return nil, err
		}
	}
	if inside != "" && inside != "wal" {
		return nil, fmt.Errorf("backup-wal-dir %q is in the way of %q", c.BackupWALDir, member)
	}
	if err := c.checkFree(member, inside); err != nil {
		return nil, err
	}
	if err := c.checkSpace(size); err != nil {
		return nil, err
	}
	d := &backupDirs{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.abort())
		}
	}()
	if d.member, err = output.NewDir(member); err != nil {
		return nil, err
	}
	d.member.Last = "snap"
	if c.BackupWALDir != "" && inside == "" {
		if d.walDir, err = output.NewDir(c.BackupWALDir); err != nil {
			return nil, err
		}
	}
	return d, os.Mkdir(d.snap(), 0o700)
}

// checkFree makes sure that there is nothing in the directories to be made.
func (c *BackupConfig) checkFree(member, walInside string) error {
	places := []struct{ flag, dir string }{{"backup-dir", member}}
	if c.BackupWALDir != "" && walInside == "" {
		places = append(places, struct{ flag, dir string }{"backup-wal-dir", c.BackupWALDir})
	}
	for _, p := range places {
		if err := output.Sweep(p.dir); err != nil {
			return err
		}
		names, err := os.ReadDir(p.dir)
		if len(names) == 0 && (err == nil || errors.Is(err, os.ErrNotExist)) {
			continue
		}
		taken := &takenError{what: fmt.Sprintf("%s %q not empty or could not be read", p.flag, p.dir)}
		switch inner := filepath.Join(member, "wal"); { // the WAL comes first, see commit
		case p.dir != member && holdsWAL(p.dir):
			taken.left = []string{p.dir}
		case p.dir == member && len(names) == 1 && holdsWAL(inner):
			taken.left = []string{inner}
		}
		return taken
	}
	return nil
}

// snap is where to build the directory of the backend and the raft snapshot.
func (d *backupDirs) snap() string { return filepath.Join(d.member.Path(), "snap") }

// wal is where to build the WAL. One outside of the backup is built a level too
// low, because etcd wants to make the directory itself.
func (d *backupDirs) wal() string {
	if d.walDir == nil {
		return filepath.Join(d.member.Path(), "wal")
	}
	return filepath.Join(d.walDir.Path(), "wal")
}

func (d *backupDirs) commit() error {
	if d.walDir == nil {
		return output.CommitDirs(d.member)
	}
	if err := moveUp(d.wal()); err != nil {
		return err
	}
	return output.CommitDirs(d.walDir, d.member)
}

func (d *backupDirs) abort() error {
	var err error
	for _, dir := range []*output.Dir{d.walDir, d.member} {
		if dir != nil {
			err = errors.Join(err, dir.Abort())
		}
	}
	return err
}
