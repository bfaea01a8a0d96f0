// Package consistency compares the copies of one keyspace that the members of a
// cluster hold, or files made from them, and finds the first revision at which
// they differ.
//
// It compares hashes and reads records only where these differ. The hash of a
// revision covers every change after the last compaction up to that revision,
// and of the changes before only those that a compaction at the revision would
// keep: values that were replaced since the compaction are not covered.
//
// It may import keyspace and its engines, and no client.
package consistency

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"etcdkit/keyspace"
)

// Hash is the hash of a copy at a revision.
type Hash struct {
	Sum       uint32
	Compacted int64 // the compaction after which it was made; below 1 if there was none
}

// ErrCompacted is the error of a hash at a revision that the last compaction
// discarded.
var ErrCompacted = errors.New("the revision has been compacted")

// Replica is one copy of a keyspace. It answers by itself, without a quorum.
type Replica interface {
	keyspace.Source
	// Hash returns the hash at a revision; 0 is the latest. The error wraps
	// ErrCompacted if the revision is too old.
	Hash(ctx context.Context, rev int64) (Hash, error)
}

// Copy is a replica with the name that it has in messages.
type Copy struct {
	Name string
	Replica
}

// Comparison says how to compare.
type Comparison struct {
	Of    int                                              // how many copies there are, with those that can't be read
	Tries int                                              // how often a common revision is looked for
	Pause func(ctx context.Context, d time.Duration) error // between two tries
	Step  func(done, of int)                               // after each hash; may be nil
	Say   func(text string)
}

// Result is how copies compare.
type Result struct {
	Revision, Compacted int64 // at which, and after which compaction, they were compared
	Read                bool  // keys and events were read instead of hashes
	Copies              []Standing
	Groups              [][]int // indexes of copies that are the same, the largest group first
	Majority            bool    // the first group is more than half of all copies
	Differences         []Difference
}

// Standing is one copy in a result.
type Standing struct {
	Name  string
	Head  int64  // its latest revision
	Sum   uint32 // its hash, 0 if it has none
	Group int    // of Groups; -1 if it could not be compared
	Err   error  // why it could not be compared
}

// Equal reports whether all copies that could be compared are the same.
func (r *Result) Equal() bool { return len(r.Groups) <= 1 }

// Names returns the names of the copies of a group.
func (r *Result) Names(group int) []string {
	var all []string
	for _, i := range r.Groups[group] {
		all = append(all, r.Copies[i].Name)
	}
	return all
}

// run is one comparison under way.
type run struct {
	Comparison
	copies []Copy
	heads  []keyspace.Head
	result *Result
	hashed int
}

// Compare compares copies. A copy that can't be read is noted in the result, and
// the others are compared; if fewer than two are left, that is an error.
func (c Comparison) Compare(ctx context.Context, copies []Copy) (*Result, error) {
	r := &run{Comparison: c, copies: copies, heads: make([]keyspace.Head, len(copies)), result: &Result{}}
	for _, one := range copies {
		r.result.Copies = append(r.result.Copies, Standing{Name: one.Name, Group: -1})
	}
	for try := 1; ; try++ {
		err := r.once(ctx, try >= max(c.Tries, 1))
		if !errors.Is(err, errMoved) || try >= max(c.Tries, 1) {
			return r.result, err
		}
		if err := c.Pause(ctx, time.Duration(try)*firstPause); err != nil {
			return nil, err
		}
	}
}

// firstPause is how long the members of a cluster are given to reach the same
// compaction, the first time.
const firstPause = 200 * time.Millisecond

// errMoved says that the copies changed while they were compared, or have not
// reached the same compaction yet.
var errMoved = errors.New("the keyspace was compacted while it was compared, again and again: run the command again when fewer compactions run")

// once compares at the latest revision that all copies have. In the last try,
// copies after different compactions are read.
func (r *run) once(ctx context.Context, last bool) error {
	for i := range r.result.Copies {
		r.result.Copies[i].Group, r.result.Copies[i].Sum = -1, 0
	}
	r.result.Groups, r.result.Differences, r.result.Read = nil, nil, false
	if err := r.common(ctx); err != nil {
		return err
	}
	hashes, err := r.hashes(ctx, r.live(), r.result.Revision)
	if err != nil {
		return err
	}
	if err := r.enough(); err != nil {
		return err
	}
	compacted, same := int64(0), true
	for n, i := range r.live() {
		r.result.Copies[i].Sum = hashes[i].Sum
		same = same && (n == 0 || hashes[i].Compacted == compacted)
		compacted = max(compacted, hashes[i].Compacted)
	}
	r.result.Compacted = max(compacted, 0)
	switch {
	case !same && !last:
		return errMoved
	case !same:
		return r.read(ctx)
	}
	r.group(func(i int) uint64 { return uint64(hashes[i].Sum) })
	return r.differences(ctx, r.bisect)
}

// live returns the copies that could be read so far.
func (r *run) live() []int {
	var all []int
	for i, s := range r.result.Copies {
		if s.Err == nil {
			all = append(all, i)
		}
	}
	return all
}

// enough returns an error if fewer than two copies can be compared.
func (r *run) enough() error {
	if len(r.live()) >= 2 {
		return nil
	}
	for _, s := range r.result.Copies {
		if s.Err != nil {
			return fmt.Errorf("fewer than two copies can be compared: %s: %w", s.Name, s.Err)
		}
	}
	return errors.New("fewer than two copies can be compared")
}

// common sets the latest revision that all copies have.
func (r *run) common(ctx context.Context) error {
	each(r.live(), func(i int) {
		r.heads[i], r.result.Copies[i].Err = r.copies[i].Head(ctx)
	})
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := r.enough(); err != nil {
		return err
	}
	rev, cluster := int64(0), uint64(0)
	for _, i := range r.live() {
		h := r.heads[i]
		r.result.Copies[i].Head = h.Revision
		if rev == 0 || h.Revision < rev {
			rev = h.Revision
		}
		if cluster = cmp.Or(cluster, h.ClusterID); h.ClusterID != 0 && h.ClusterID != cluster {
			return fmt.Errorf("%s is of cluster %x, others are of cluster %x: compare copies of one cluster", r.copies[i].Name, h.ClusterID, cluster)
		}
	}
	r.result.Revision = rev
	return nil
}

// group puts copies with the same mark into one group.
func (r *run) group(mark func(i int) uint64) {
	var marks []uint64
	var groups [][]int
	for _, i := range r.live() {
		g := slices.Index(marks, mark(i))
		if g < 0 {
			g, marks, groups = len(groups), append(marks, mark(i)), append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	slices.SortStableFunc(groups, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	for g, some := range groups {
		for _, i := range some {
			r.result.Copies[i].Group = g
		}
	}
	r.result.Groups = groups
	r.result.Majority = len(groups) > 0 && len(groups[0])*2 > max(r.Of, len(r.copies))
}

// differences finds where each other group differs from the first.
func (r *run) differences(ctx context.Context, find func(ctx context.Context, a, b Copy, d *Difference) error) error {
	for g := 1; g < len(r.result.Groups); g++ {
		d := Difference{Group: g}
		err := find(ctx, r.copies[r.result.Groups[0][0]], r.copies[r.result.Groups[g][0]], &d)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, errMoved) {
			return err
		}
		d.Err = err
		r.result.Differences = append(r.result.Differences, d)
	}
	return nil
}
