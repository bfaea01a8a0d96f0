package follow

import (
	"context"
	"slices"

	"etcdkit/backup/increment"
	"etcdkit/backup/pack"
)

const (
	// fanout is how many increments of a size become one larger one.
	fanout = 12
	// mergeSize bounds what a merge stores, in bytes.
	mergeSize = 256 << 20
)

// merge joins small increments into larger ones, and returns what the line has
// then. What fails is tried again after the next increment.
func (f *follower) merge(ctx context.Context, line []*increment.Increment) []*increment.Increment {
	for {
		at := mergeable(line)
		if at < 0 {
			return line
		}
		from := line[at : at+fanout]
		inc, err := increment.Merge(ctx, f.Repo.Store, from, increment.By{Program: f.Repo.By, Follower: f.id})
		if err != nil {
			return line
		}
		// What stays if this fails is removed when a follower starts.
		_ = increment.Remove(ctx, f.Repo.Store, from)
		line = slices.Replace(slices.Clone(line), at, at+fanout, inc)
	}
}

// level is how often an increment was merged.
func level(inc *increment.Increment) int {
	n := 0
	for parts := len(inc.Parts); parts >= fanout; parts /= fanout {
		n++
	}
	return n
}

// mergeable finds increments of one level that follow each other, or -1.
func mergeable(line []*increment.Increment) int {
	// The newest ones stay for a while, so that their numbers are taken for a
	// follower that is late.
	for at := 0; at+2*fanout <= len(line); at++ {
		from := line[at : at+fanout]
		size := int64(0)
		same := true
		for i, inc := range from {
			size += inc.Size
			same = same && level(inc) == level(from[0]) && (i == 0 || from[i-1].Last+1 == inc.First && from[i-1].To == inc.After)
		}
		if !same || size > mergeSize {
			continue
		}
		if n, err := increment.MergedLine(from); err == nil && n < pack.MaxSealed/2 {
			return at
		}
	}
	return -1
}
