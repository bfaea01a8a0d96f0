package transfer

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	file "etcdkit/keyspace/resume"
)

// resume records the progress of a copy in a file. The nil resume records
// nothing.
type resume struct {
	from state // the state of an interrupted run

	mu   sync.Mutex // guards the fields below
	file *file.File
	now  state
	err  error // of a write that failed
}

// state is the contents of the file: which copy it belongs to, and that all
// keys up to Key have been handled, as of Index.
type state struct {
	Cluster    string   `json:"cluster"`                // v2's
	Dest       string   `json:"dest_cluster,omitempty"` // v3's, in hexadecimal; none where it was never asked
	From       string   `json:"prefix"`
	To         string   `json:"dest_prefix"`
	Hidden     []string `json:"hidden,omitempty"` // sorted
	OnConflict string   `json:"on_conflict"`
	Index      uint64   `json:"index"`
	Key        string   `json:"key"`

	Fence clientv3.LeaseID `json:"fence,omitempty"` // lease of the fence; 0 if none was made
}

// differs describes what the state belongs to, if that is not the current copy.
// With other flags, keys already handled would keep the results of the earlier
// flags.
func (s *state) differs(now *state) string {
	switch {
	case s.Cluster != now.Cluster, s.From != now.From, s.To != now.To, s.Index > now.Index:
		return "another copy:"
	case s.Dest != "" && now.Dest != "" && s.Dest != now.Dest:
		return fmt.Sprintf("a copy to another cluster, %s:", s.Dest)
	case s.OnConflict != now.OnConflict:
		return fmt.Sprintf("a copy with --on-conflict %s: give that again, or", s.OnConflict)
	case !slices.Equal(s.Hidden, now.Hidden):
		return fmt.Sprintf("a copy with other --hidden, %q: give the same again, or", s.Hidden)
	}
	return ""
}

// destination returns the id of v3's cluster, "" if there is nothing to copy.
// It asks for the first key, but any key would do.
func (t *Transfer) destination(ctx context.Context, pairs []Pair) (string, error) {
	if len(pairs) == 0 {
		return "", nil
	}
	result, err := t.fence.Read(ctx, clientv3.OpGet(pairs[0].Key, clientv3.WithCountOnly()))
	if err != nil {
		return "", fmt.Errorf("key %q: %w", pairs[0].Key, err)
	}
	return strconv.FormatUint(result.Cluster, 16), nil
}

// openResume reads the file, if it exists, for a copy of the tree to a cluster
// of v3.
func openResume(o *Options, tree *Tree, dest string) (*resume, error) {
	hidden := slices.Compact(slices.Sorted(slices.Values(o.Hidden)))
	r := &resume{now: state{
		Cluster: tree.Cluster, Dest: dest, From: o.Names.From, To: o.Names.To, Hidden: hidden, OnConflict: o.Mode.String(), Index: tree.Index,
	}}
	var found bool
	var err error
	if r.file, found, err = file.Open(o.Resume, &r.from, r.now); err != nil || !found {
		return r, err
	}
	if why := r.from.differs(&r.now); why != "" {
		return nil, r.file.Foreign(why)
	}
	r.now.Key = r.from.Key
	return r, nil
}

// left returns the pairs that remain: those after the last one of the
// interrupted run, and those that have changed since that run read them.
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
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Key = last.From
	if r.file.Due() {
		r.err = r.file.Write(r.now)
	}
}

// fenced notes the lease of a fence, and writes it down at once.
func (r *resume) fenced(lease clientv3.LeaseID) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Fence = lease
	r.err = r.file.Insert(r.now)
	return r.err
}

// end finishes the file after a run: it removes it after a completed run, and
// otherwise leaves it as it was or updates the progress.
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
