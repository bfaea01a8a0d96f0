package migrate

import (
	"errors"
	"fmt"

	"github.com/coreos/go-semver/semver"
)

// allowed tells why a database must not go from one release to another; needs
// is the oldest release that reads all of the WAL. The texts are those of
// etcdutl.
func allowed(from, to, needs semver.Version) error {
	if err := steps(from, to); err != nil {
		return fmt.Errorf("cannot create migration plan: %w", err)
	}
	if to.LessThan(from) && to.LessThan(needs) {
		return fmt.Errorf("cannot downgrade storage, WAL contains newer entries, as the target version (%s) is lower than the version (%s) detected from WAL logs", to, needs)
	}
	return nil
}

// tooEarlyError carries the next step with the error.
type tooEarlyError struct {
	to       semver.Version
	requests int
}

func (e *tooEarlyError) Error() string {
	return fmt.Sprintf("cannot migrate to %d.%d yet: the WAL holds %d requests in the form of 3.5, which 3.6 is the last release to read: "+
		"migrate to 3.6, run a server of 3.6 with --snapshot-count=1 until it has saved a raft snapshot, and then migrate to %[1]d.%[2]d (--force migrates now)",
		e.to.Major, e.to.Minor, e.requests)
}

func (e *tooEarlyError) Unwrap() error { return ErrTooEarly }

// tooEarly refuses to migrate a directory to 3.7 or later if its WAL has
// requests that 3.5 wrote for itself: a server of 3.7 panics on them. Requests
// of v2 clients already rule out 3.6.
func tooEarly(to semver.Version, log needs) error {
	if log.v2Own == 0 || log.v2Requests > 0 || to.LessThan(release(3, 7)) {
		return nil
	}
	return &tooEarlyError{to: to, requests: log.v2Own}
}

// steps checks that each release on the way is known: a step up needs the one
// above, a step down the one that it leaves.
func steps(from, to semver.Version) error {
	if from.Major != to.Major {
		return errors.New("changing major storage version is not supported")
	}
	first, last := from.Minor+1, to.Minor
	if to.LessThan(from) {
		first, last = from.Minor, to.Minor+1
	}
	for m := first; ; m += sign(last - first) {
		if v := release(from.Major, m); !known(v) {
			return fmt.Errorf("version %q is not supported", v)
		}
		if m == last {
			return nil
		}
	}
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}

// known reports whether the schema change between a release and its predecessor
// is known.
func known(v semver.Version) bool { return v == release(3, 6) || v == release(3, 7) }
