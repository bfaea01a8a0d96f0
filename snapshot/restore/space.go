package restore

import (
	"errors"
	"os"

	"etcdkit/internal/space"
	"etcdkit/snapshot/raftlog"
)

// walSize is how much is reserved for a WAL, in bytes.
const walSize = int64(raftlog.SegmentSize)

// checkSpace makes sure that there is room for all members before anything is
// written. They are below one parent.
func checkSpace(members []Config) error {
	var size int64 // not known of a stream
	if members[0].Snapshot == nil {
		info, err := os.Stat(members[0].SnapshotPath)
		if errors.Is(err, os.ErrNotExist) {
			return nil // which opening it will tell
		}
		if err != nil {
			return err
		}
		size = info.Size()
	}
	need := int64(len(members)) * size
	wal := int64(len(members)) * walSize
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
