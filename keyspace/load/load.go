package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/lines"
	"etcdkit/keyspace/retry"
)

// Options say which pairs are written and how.
type Options struct {
	Open      func() (*lines.Reader, error) // opens the input; called again only with Again
	Again     bool                          // the input can be read more than once
	Unit      string                        // the word for a pair of it in messages: line
	Mode      bulk.Mode                     // how to treat keys that already exist
	DryRun    bool                          // write nothing
	KeepGoing bool                          // skip pairs that can't be used
	Limits    bulk.Limits                   // of one transaction
	Lease     int64                         // of the cluster, for every pair; 0 uses the lease of each pair
	Resume    string                        // file that records progress; "" for none
	Strip     string                        // prefix that every key has and that is cut off
	Add       string                        // prefix that is added after Strip is removed

	Timeout  time.Duration           // of one request
	Note     func(text string)       // called with messages for the user
	Progress func(done, total int64) // called with progress; total is 0 if unknown
}

// Summary counts the pairs. Read is the sum of the others.
type Summary struct {
	Read    int64
	Written int64 // or, in a dry run, to be written
	Skipped int64 // left unchanged, because their keys already existed
	Failed  int64 // that the cluster did not take
	Broken  int64 // lines that hold no pair
	Left    int64 // read, but not dealt with when it ended, or not known to be
	Present int64 // of those to be written in a dry run: keys that already exist
}

// Client is the part of a [fence.Cluster] that a run uses.
type Client interface {
	fence.KV
	fence.Leases
	Grant(ctx context.Context, ttl int64) (*clientv3.LeaseGrantResponse, error)
	Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error)
	TimeToLive(ctx context.Context, id clientv3.LeaseID, opts ...clientv3.LeaseOption) (*clientv3.LeaseTimeToLiveResponse, error)
	MemberList(ctx context.Context, opts ...clientv3.OpOption) (*clientv3.MemberListResponse, error)
}

// Cluster is where the pairs go.
type Cluster struct {
	Client  Client
	Explain func(error) error // adds the cause to the error of a request
}

// Load is one run. Its counters are for several goroutines.
type Load struct {
	Options
	client Client
	retry  *retry.Retrier
	fence  *fence.Fence
	leases *leases
	resume *resume

	total                                  int64
	read, broken                           int64
	written, skipped, failed, present, bad atomic.Int64
}

// New returns a run, which Run starts.
func New(c Cluster, o Options) *Load {
	l := &Load{Options: o, client: c.Client}
	l.retry = &retry.Retrier{Timeout: o.Timeout, Patience: 2 * o.Timeout, Explain: c.Explain}
	l.retry.Report = func(err error) {
		if err == nil {
			l.note("The cluster has answered again")
			return
		}
		l.note("Trying again: %v", err)
	}
	l.leases = &leases{client: c.Client, retry: l.retry}
	l.fence = &fence.Fence{KV: c.Client, Leases: c.Client, Retry: l.retry, Began: l.fenced}
	return l
}

func (l *Load) note(format string, args ...any) { l.Note(fmt.Sprintf(format, args...)) }

// inFlight is how many transactions are under way: enough that the cluster
// always has a next one.
const inFlight = 8

// Run reads all pairs and writes them. Unless broken lines are skipped, an
// input that can be read twice is read to its end before anything is written,
// and is then also checked for keys that must not exist. Any other input is
// written up to the broken line.
//
// When Run returns, nothing is under way any more. The summary is correct even
// with an error.
func (l *Load) Run(ctx context.Context) (Summary, error) {
	err := l.run(ctx)
	l.fence.Close(ctx)
	if kept := l.resume.end(err); err == nil {
		err = kept
	}
	return l.summary(), err
}

func (l *Load) run(ctx context.Context) error {
	if l.Again && !l.KeepGoing {
		if err := l.check(ctx); err != nil {
			return err
		}
	}
	cluster, err := l.reach(ctx)
	if err != nil {
		return err
	}
	if l.Resume != "" {
		now := run{Cluster: hex(cluster), Mode: l.Mode.String(), Lease: hex(uint64(l.Lease)), Strip: l.Strip, Add: l.Add} //nolint:gosec // an id's bits
		if l.resume, err = openResume(l.Resume, l.leases, now); err != nil {
			return err
		}
		if err := l.resume.endFence(ctx, l.fence); err != nil {
			return err
		}
	}
	if l.Mode == bulk.Refuse && l.Again && !l.KeepGoing && !l.DryRun {
		if err := l.look(ctx); err != nil {
			return err
		}
	}
	mode := l.Mode
	if l.DryRun {
		mode = bulk.Look
	}
	return l.write(ctx, &bulk.Committer{
		Fence: l.fence, Limits: l.Limits, Leases: l.leasing(), Mode: mode,
		Done: l.done, Refused: l.refused, Unknown: l.unknown,
	})
}

func (l *Load) leasing() bulk.Leases {
	if l.Lease != 0 {
		return fixed(l.Lease)
	}
	return l.leases
}

// summary returns the current counts.
func (l *Load) summary() Summary {
	s := Summary{Read: l.read, Broken: l.broken, Written: l.written.Load(), Skipped: l.skipped.Load(),
		Failed: l.failed.Load(), Present: l.present.Load()}
	s.Left = s.Read - s.Written - s.Skipped - s.Failed - s.Broken
	return s
}

// reach sends a first request, so that a cluster that cannot be reached is known
// before anything is read, and returns the cluster's id, 0 if the user may not
// know it.
func (l *Load) reach(ctx context.Context) (cluster uint64, err error) {
	err = l.retry.Do(ctx, func(ctx context.Context) error {
		resp, err := l.client.Get(ctx, "\x00", clientv3.WithKeysOnly())
		if denied(err) { // not to be read, which is not wrong
			if members, err := l.client.MemberList(ctx); err == nil {
				cluster = members.Header.GetClusterId()
			}
			return nil
		}
		if err == nil {
			cluster = resp.Header.GetClusterId()
		}
		return err
	})
	return cluster, err
}

// fenced notes the lease of a fence before anything is written under it, so that
// a run that takes this one up can end it.
func (l *Load) fenced(lease clientv3.LeaseID) error {
	return l.resume.fenced(lease)
}

// unknown names pairs whose answer was lost.
func (l *Load) unknown(changes []bulk.Change) {
	first, last := changes[0], changes[len(changes)-1]
	if len(changes) == 1 {
		l.note("It is not known whether this pair was written: %s %d, key %q", l.Unit, first.Origin(), shown(first.Key()))
		return
	}
	l.note("It is not known whether these %d pairs were written: %ss %d to %d, keys %q to %q",
		len(changes), l.Unit, first.Origin(), last.Origin(), shown(first.Key()), shown(last.Key()))
}

// done counts a transaction.
func (l *Load) done(c bulk.Committed) {
	all, present := int64(len(c.Changes)), int64(len(c.Present))
	switch l.Mode {
	case bulk.Skip:
		l.written.Add(all - present)
		l.skipped.Add(present)
	case bulk.Refuse: // a dry run, or no key exists
		l.written.Add(all - present)
		l.failed.Add(present)
	default:
		l.written.Add(all)
		l.present.Add(present)
	}
	l.tell()
}

func (l *Load) tell() {
	if l.Progress != nil {
		l.Progress(l.written.Load()+l.skipped.Load()+l.failed.Load(), l.total)
	}
}

// refused counts a pair that the cluster does not take, and returns the error
// to end with, if it is the end.
func (l *Load) refused(c bulk.Change, err error) error {
	l.failed.Add(1)
	l.tell()
	err = fmt.Errorf("%s %d, key %q (%d bytes with its value): %w", l.Unit, c.Origin(), shown(c.Key()), c.Size(), err)
	if !l.KeepGoing {
		return err
	}
	l.complain(err)
	return nil
}

// shownKey is how much of a key is named in a message.
const shownKey = 200

func shown(key []byte) []byte { return key[:min(len(key), shownKey)] }

// mostComplaints is how many pairs are spoken of one by one.
const mostComplaints = 10

// complain speaks of a pair that was passed over.
func (l *Load) complain(err error) {
	switch n := l.bad.Add(1); {
	case n <= mostComplaints:
		l.note("Passed over: %v", err)
	case n == mostComplaints+1:
		l.note("Passed over: more, which are only counted")
	}
}

// each hands out the pairs of the input one after the other, up to the first
// error, of the input or of f. It is called in its own goroutine by write.
func (l *Load) each(r *lines.Reader, f func(lines.Pair, error) error) error {
	for {
		p, err := r.Next()
		if err == nil {
			p.Key, err = l.rename(p.Key, r.Position().Lines)
		}
		broken := (*lines.Broken)(nil)
		if err != nil && !errors.As(err, &broken) {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := f(p, err); err != nil {
			return err
		}
	}
}

// rename returns the key that a pair is written to. One without the prefix that
// is to be cut off makes its line a broken one.
func (l *Load) rename(key []byte, at int64) ([]byte, error) {
	if l.Strip == "" && l.Add == "" {
		return key, nil
	}
	rest, found := bytes.CutPrefix(key, []byte(l.Strip))
	switch {
	case !found:
		return nil, &lines.Broken{Unit: l.Unit, Line: at, Err: fmt.Errorf("key %q does not begin with --strip-prefix %q", shown(key), l.Strip)}
	case len(rest)+len(l.Add) == 0:
		return nil, &lines.Broken{Unit: l.Unit, Line: at, Err: fmt.Errorf("nothing is left of key %q without --strip-prefix", shown(key))}
	}
	return append([]byte(l.Add), rest...), nil
}
