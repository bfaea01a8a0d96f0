package mirror

import (
	"slices"
	"sync"
)

// maxRuns bounds the memory that revisions takes, to 1 MiB.
const maxRuns = 1 << 16

// run is a number of consecutive revisions, both ends among them.
type run struct{ first, last int64 }

// revisions knows which revisions of the destination the mirror has made, and
// by that which of its keys are the mirror's. Runs are as many as there are
// writes of others between, so the oldest are forgotten at some point. It may
// be used from several goroutines.
type revisions struct {
	mu   sync.Mutex
	runs []run // ascending, none touching the next
}

// add notes a revision. They come nearly in order.
func (r *revisions) add(rev int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, found := r.find(rev)
	if found {
		return
	}
	before := i > 0 && r.runs[i-1].last == rev-1
	after := i < len(r.runs) && r.runs[i].first == rev+1
	switch {
	case before && after:
		r.runs[i-1].last = r.runs[i].last
		r.runs = slices.Delete(r.runs, i, i+1)
	case before:
		r.runs[i-1].last = rev
	case after:
		r.runs[i].first = rev
	default:
		r.runs = slices.Insert(r.runs, i, run{rev, rev})
	}
	if len(r.runs) > maxRuns {
		r.runs = slices.Delete(r.runs, 0, maxRuns/4)
	}
}

// none reports whether the mirror has made no revision.
func (r *revisions) none() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.runs) == 0
}

// has reports whether the mirror made a revision.
func (r *revisions) has(rev int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, found := r.find(rev)
	return found
}

// find returns the index of the run that rev is in, or of the one before which
// its own would be.
func (r *revisions) find(rev int64) (int, bool) {
	return slices.BinarySearchFunc(r.runs, rev, func(a run, rev int64) int {
		switch {
		case a.last < rev:
			return -1
		case a.first > rev:
			return 1
		}
		return 0
	})
}
