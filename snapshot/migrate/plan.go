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

// steps makes sure that each release on the way is known: a step up needs the
// one above, a step down the one that it leaves.
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

// known tells whether the change that a release made to the one before is.
func known(v semver.Version) bool { return v == release(3, 6) || v == release(3, 7) }
