package restore

import (
	"errors"
	"os"

	"etcdkit/snapshot/internal/space"
)

// walSize is how much the server's package reserves for a WAL, of which the
// next segment takes as much again while one is made.
const walSize = 64 << 20

// checkSpace makes sure that there is room for all members before anything is
// written. They are below one parent.
func checkSpace(members []Config) error {
	info, err := os.Stat(members[0].SnapshotPath)
	if errors.Is(err, os.ErrNotExist) {
		return nil // which opening it will tell
	}
	if err != nil {
		return err
	}
	need := int64(len(members)) * info.Size()
	wal := int64(len(members)+1) * walSize
	p := members[0].places()
	inside, err := below(p.dataDir, p.walDir)
	if err != nil {
		return err
	}
	if inside != "" {
		return space.Check(p.dataDir, need+wal)
	}
	return errors.Join(space.Check(p.dataDir, need), space.Check(p.walDir, wal))
}
