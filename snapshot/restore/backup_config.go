package restore

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"etcdkit/internal/output"
	"etcdkit/snapshot"
)

// BackupConfig says what to back up and where. The fields are the flags of
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

func (c *BackupConfig) walDir() string { return cmp.Or(c.WALDir, snapshot.DataDirWAL(c.DataDir)) }

// makeDirs makes room for a database of size bytes, and starts the directories.
func (c *BackupConfig) makeDirs(size int64) (_ *outputs, err error) {
	member := filepath.Join(c.BackupDir, memberDir)
	inside := "wal"
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
	o := &outputs{places: places{dataDir: member, base: member, walDir: c.BackupWALDir, inside: inside}}
	return o, o.start("snap")
}

// checkFree checks that the directories to be made do not exist or are empty.
func (c *BackupConfig) checkFree(member, walInside string) error {
	places := []struct{ flag, dir string }{{"backup-dir", member}}
	if walInside == "" {
		places = append(places, struct{ flag, dir string }{"backup-wal-dir", c.BackupWALDir})
	}
	for _, p := range places {
		if err := output.Sweep(p.dir); err != nil {
			return err
		}
		names, err := os.ReadDir(p.dir)
		if output.Vacant(names) && (err == nil || errors.Is(err, os.ErrNotExist)) {
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
