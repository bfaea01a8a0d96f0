package backup

import (
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"etcdkit/backup/pack"
)

// timeLayout is the time in a name, always UTC.
const timeLayout = "20060102T150405Z"

// namePattern is compiled when a name is looked at first, which most commands never do.
//
//nolint:gochecknoglobals // a function that is never reassigned
var namePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]{8}T[0-9]{6}Z)-[0-9]{1,19}-[0-9a-f]{8}$`)
})

// name returns the name of a backup of these facts.
func name(at time.Time, revision int64, sum []byte) string {
	return fmt.Sprintf("%s-%d-%s", at.UTC().Format(timeLayout), revision, hex.EncodeToString(sum[:4]))
}

// IsName reports whether s has the form of a backup's name.
func IsName(s string) bool {
	m := namePattern().FindStringSubmatch(s)
	if m == nil {
		return false
	}
	_, err := time.Parse(timeLayout, m[1])
	return err == nil
}

// nameTime is the time in a name, which only leftovers are judged by: a
// backup's own time is in its manifest.
func nameTime(s string) time.Time {
	at, _ := time.Parse(timeLayout, s[:min(len(s), len("20060102T150405Z"))])
	return at
}

// The objects of a backup, below its name.
const (
	manifestObject = "manifest.json"
	dataObject     = "snapshot.db" // and a suffix for each layer
)

//nolint:gochecknoglobals // as namePattern
var recordPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^verified-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}\.json$`)
})

// kind is what an object below a backup's name is.
type kind int

const (
	foreign kind = iota // none of ours
	manifestKind
	dataKind
	recordKind
)

// classify returns the backup that an object belongs to, and what it is there.
// An object that no version of this package writes is foreign.
func classify(object string) (backup string, k kind) {
	dir, base := path.Split(object)
	dir = strings.TrimSuffix(dir, "/")
	if !IsName(dir) {
		return "", foreign
	}
	switch {
	case base == manifestObject:
		return dir, manifestKind
	case isData(base):
		return dir, dataKind
	case recordPattern().MatchString(base):
		return dir, recordKind
	}
	return "", foreign
}

// isData reports whether an object below a backup's name is a snapshot.
func isData(base string) bool {
	switch strings.TrimPrefix(base, dataObject) {
	case "", pack.ZstdSuffix, pack.AgeSuffix, pack.ZstdSuffix + pack.AgeSuffix:
		return strings.HasPrefix(base, dataObject)
	}
	return false
}
