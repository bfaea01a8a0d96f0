package transfer

import (
	"context"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/retry"
)

// Mode says how to treat a key whose value in v3 differs from that in v2.
type Mode int

// The modes.
const (
	Fail      Mode = iota // nothing at all is written
	Skip                  // the key stays unchanged
	Overwrite             // the key gets the value of v2
)

// String returns the name of the mode, which --on-conflict has as well.
func (m Mode) String() string {
	return [...]string{Fail: "fail", Skip: "skip", Overwrite: "overwrite"}[m]
}

// KV is v3's side, such as a [fence.Cluster].
type KV interface {
	fence.KV
	fence.Leases
	Grant(ctx context.Context, ttl int64) (*clientv3.LeaseGrantResponse, error)
	TimeToLive(ctx context.Context, id clientv3.LeaseID, opts ...clientv3.LeaseOption) (*clientv3.LeaseTimeToLiveResponse, error)
}

// Options say which keys are copied and how. Note and Progress must be safe for
// concurrent use.
type Options struct {
	Read   func(context.Context) (*Tree, error) // reads v2, each time it is called
	Open   func(context.Context) (KV, error)    // connects to v3, once
	Retry  *retry.Retrier                       // for v3's requests
	Mode   Mode
	DryRun bool   // write nothing
	Resume string // file that records progress; "" for none
	Names  Names
	Hidden []string // the hidden keys of v2 that Read includes

	Note     func(text string)       // called with messages for the user
	Progress func(done, total int64) // told how many keys are dealt with
}

// Summary counts keys, but for directories. Those of v2 are Written, Equal,
// Skipped, Expired, Failed, Before or Left.
type Summary struct {
	Index   uint64 `json:"index"` // v2's, when it was read
	Keys    int    `json:"keys"`
	Dirs    int    `json:"directories"`
	Empty   int    `json:"empty_directories"`
	Written int    `json:"written"` // or, in a dry run, to be written
	Equal   int    `json:"equal"`   // that v3 had already as v2 has them
	Skipped int    `json:"skipped"` // that v3 has otherwise, and keeps
	Expired int    `json:"expired"` // whose time was up before they were written
	Failed  int    `json:"failed"`  // that v3 does not take
	Before  int    `json:"before"`  // that an interrupted run has dealt with
	Left    int    `json:"left"`    // that were not dealt with

	Conflicts int           `json:"conflicts"` // keys that v3 had otherwise, whatever became of them
	DryRun    bool          `json:"dry_run"`
	Verified  *Verification `json:"verified,omitempty"` // nil if verification was not reached
}

// Transfer is one run.
type Transfer struct {
	Options
	kv     KV
	fence  *fence.Fence
	leases leases
	resume *resume

	mu      sync.Mutex // guards the fields below
	sum     Summary
	refused map[string]bool // keys of v2 that v3 does not take
}

// Run copies, and then compares both sides unless it was a dry run. The summary
// is right whatever the error is. When it returns, nothing is under way.
func Run(ctx context.Context, o Options) (Summary, error) {
	t := &Transfer{Options: o, refused: make(map[string]bool)}
	t.sum.DryRun = o.DryRun
	err := t.run(ctx)
	if kept := t.resume.end(t.sum.Verified != nil); err == nil {
		err = kept
	}
	s := &t.sum
	s.Left = s.Keys - s.Written - s.Equal - s.Skipped - s.Expired - s.Failed - s.Before
	return *s, err
}

func (t *Transfer) run(ctx context.Context) error {
	tree, err := t.Read(ctx)
	if err != nil {
		return err
	}
	t.sum.Index, t.sum.Keys, t.sum.Dirs, t.sum.Empty = tree.Index, len(tree.Pairs), tree.Dirs, tree.Empty
	if t.kv, err = t.Open(ctx); err != nil {
		return err
	}
	t.fence = &fence.Fence{KV: t.kv, Leases: t.kv, Retry: t.Retry, Began: func(lease clientv3.LeaseID) error { return t.resume.fenced(lease) }}
	defer t.fence.Close(ctx)
	pairs := tree.Pairs
	if t.Resume != "" {
		if pairs, err = t.takeUp(ctx, tree); err != nil {
			return err
		}
	}
	t.leases = leases{kv: t.kv, retry: t.Retry}
	if err := t.look(ctx, pairs); err != nil || t.DryRun {
		return err
	}
	if err := t.write(ctx, pairs); err != nil {
		return err
	}
	if t.sum.Verified, err = t.verify(ctx, tree); err != nil {
		return err
	}
	return t.failure()
}

// takeUp opens the file of --resume, and returns the pairs that are left.
func (t *Transfer) takeUp(ctx context.Context, tree *Tree) ([]Pair, error) {
	dest, err := t.destination(ctx, tree.Pairs)
	if err != nil {
		return nil, err
	}
	if t.resume, err = openResume(&t.Options, tree, dest); err != nil {
		return nil, err
	}
	if lease := t.resume.from.Fence; lease != clientv3.NoLease {
		if err := t.fence.Remove(ctx, lease); err != nil {
			return nil, err
		}
	}
	pairs := t.resume.left(tree.Pairs)
	if t.sum.Before = len(tree.Pairs) - len(pairs); t.sum.Before > 0 {
		t.note("Going on behind %s: %d keys are done", t.resume.from.Key, t.sum.Before)
	}
	return pairs, nil
}

// failure is the error of a run that came to its end and yet has not copied
// everything.
func (t *Transfer) failure() error {
	switch v := t.sum.Verified; {
	case t.sum.Failed > 0:
		return fmt.Errorf("%d of %d keys were not taken", t.sum.Failed, t.sum.Keys)
	case t.Mode == Fail && t.sum.Conflicts > 0:
		return fmt.Errorf("%d keys came to be in v3 %w while they were copied", t.sum.Conflicts, ErrConflict)
	case v.Different > 0:
		return fmt.Errorf("%d of %d keys are not in v3 as they are in v2", v.Different, t.sum.Keys)
	}
	return nil
}

func (t *Transfer) note(format string, args ...any) { t.Note(fmt.Sprintf(format, args...)) }

// count changes the summary, of which it holds the lock.
func (t *Transfer) count(change func(*Summary)) {
	t.mu.Lock()
	change(&t.sum)
	s := t.sum
	t.mu.Unlock()
	t.Progress(int64(s.Before+s.Written+s.Equal+s.Skipped+s.Expired+s.Failed), int64(s.Keys))
}

// The limits of one request, and how many requests are under way: enough that
// the server always has the next one. A nested transaction and the fence's mark
// count as well.
const (
	batchOps   = bulk.DefaultOps - 2
	batchBytes = bulk.DefaultBytes
	inFlight   = 8
)

// batches groups the pairs into the contents of single requests.
func batches(pairs []Pair) [][]Pair {
	var all [][]Pair
	for start := 0; start < len(pairs); {
		end, bytes := start, 0
		for end < len(pairs) && end-start < batchOps && (end == start || bytes+pairs[end].size() <= batchBytes) {
			bytes += pairs[end].size()
			end++
		}
		all = append(all, pairs[start:end])
		start = end
	}
	return all
}

// each calls f for every batch, several at a time, and done when a batch and
// all before it are dealt with. After an error it begins no more; it returns
// the first one in the order of the batches, when none is under way.
func each(ctx context.Context, all [][]Pair, f func(context.Context, []Pair) error, done func(last Pair)) error {
	for len(all) > 0 {
		some := all[:min(inFlight, len(all))]
		all = all[len(some):]
		errs := make([]error, len(some))
		var under sync.WaitGroup
		for i, batch := range some {
			under.Go(func() { errs[i] = f(ctx, batch) })
		}
		under.Wait()
		for i, err := range errs {
			if err != nil {
				return err
			}
			done(some[i][len(some[i])-1])
		}
	}
	return nil
}

// soon is how much the TTL of a lease may differ: reading takes time, and both
// sides count in whole seconds.
const soon = 5 * time.Second
