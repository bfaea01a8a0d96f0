package backup_test

import (
	"testing"
	"testing/synctest"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
)

// A limit makes a save and a restore take as long as their bytes need, and
// changes nothing else.
func TestLimit(t *testing.T) {
	t.Parallel()
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 40, Value: 1000})
	synctest.Test(t, func(t *testing.T) {
		s := &backuptest.Store{}
		r := backup.New(backup.Limit(s, 10_000), "etcdctl test", time.Now)
		begun := time.Now()
		b := save(t, r, snapshot, backup.SaveOptions{})
		verifies(t, r, b)
		least := time.Duration(3*len(snapshot)/10_000) * time.Second // stored, read back, read
		if took := time.Since(begun); took < least-2*time.Second || took > least+5*time.Second {
			t.Errorf("%d bytes three times took %v, want about %v", len(snapshot), took, least)
		}
	})
}
