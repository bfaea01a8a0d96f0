package restore

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"etcdkit/internal/output"
)

// takenError says that something is where a directory is to be made.
type takenError struct {
	what string   // etcdutl's text
	left []string // the parts of it that may be from a run that was killed between two renames
}

func (e *takenError) Error() string {
	if len(e.left) == 0 {
		return e.what
	}
	quoted := make([]string, len(e.left))
	for i, path := range e.left {
		quoted[i] = strconv.Quote(path)
	}
	return fmt.Sprintf("%s; if that is what a killed run has left, remove %s and try again", e.what, strings.Join(quoted, ", "))
}

// holdsWAL reports whether the directory looks like one that restore publishes
// before the others.
func holdsWAL(dir string) bool {
	segments, err := filepath.Glob(filepath.Join(output.Escape(dir), "*.wal"))
	return err == nil && len(segments) > 0
}

// halfDone returns the data directories that exist, if they are the first of
// all, as a killed run leaves them, and the others are missing.
func halfDone(members []Config) []string {
	var there []string
	for i, c := range members {
		dir := c.places().dataDir
		if _, err := os.Stat(filepath.Join(dir, memberDir)); err != nil {
			continue
		}
		if len(there) < i {
			return nil
		}
		there = append(there, dir)
	}
	if len(there) == len(members) {
		return nil
	}
	return there
}
