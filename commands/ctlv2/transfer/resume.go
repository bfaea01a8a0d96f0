package transfer

import (
	"fmt"
	"sort"

	file "etcdkit/commands/bulk/resume"
)

// resume notes in a file how far a run has come. The nil resume notes nothing.
// It is for one goroutine.
type resume struct {
	file *file.File
	from state // what an interrupted run has left
	now  state
	err  error // of a write that failed
}

// state is what the file holds: of which copy it is, and that all keys up to
// Key have been dealt with as they were at Index.
type state struct {
	Cluster string `json:"cluster"`
	From    string `json:"prefix"`
	To      string `json:"dest_prefix"`
	Index   uint64 `json:"index"`
	Key     string `json:"key"`
}

// openResume reads the file, if there is one, for a copy of the tree.
func openResume(path string, n Names, tree *Tree) (*resume, error) {
	r := &resume{now: state{Cluster: tree.Cluster, From: n.From, To: n.To, Index: tree.Index}}
	var found bool
	var err error
	if r.file, found, err = file.Open(path, &r.from, r.now); err != nil || !found {
		return r, err
	}
	if f := r.from; f.Cluster != tree.Cluster || f.From != n.From || f.To != n.To || f.Index > tree.Index {
		return nil, fmt.Errorf("%s is of another copy: delete it to begin anew", path)
	}
	r.now.Key = r.from.Key
	return r, nil
}

// left returns the pairs that have to be dealt with: those behind the last one
// of the interrupted run, and those that have changed since that had read them.
func (r *resume) left(pairs []Pair) []Pair {
	behind := sort.Search(len(pairs), func(i int) bool { return pairs[i].From > r.from.Key })
	var left []Pair
	for _, p := range pairs[:behind] {
		if p.Modified > r.from.Index {
			left = append(left, p)
		}
	}
	return append(left, pairs[behind:]...)
}

// reached says that all up to a pair have been dealt with. What has changed
// since the interrupted run comes first and is nothing new in that sense.
func (r *resume) reached(last Pair) {
	if r == nil || last.From <= r.from.Key {
		return
	}
	r.now.Key = last.From
	if r.file.Due() {
		r.err = r.file.Write(r.now)
	}
}

// end leaves the file as the end of a run calls for: none where it has come to
// its end, and else as it was, or with how far it has come.
func (r *resume) end(complete bool) error {
	switch {
	case r == nil:
		return nil
	case complete:
		return r.file.Remove()
	case r.now.Key != r.from.Key:
		r.err = r.file.Write(r.now)
	}
	return r.err
}
