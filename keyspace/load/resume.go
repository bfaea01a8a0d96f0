package load

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/lines"
	file "etcdkit/keyspace/resume"
)

var errLeaseGone = errors.New("the lease has ended or never was: give another --lease")

// resume records the progress of a run in a file. The nil resume records
// nothing. It is safe for concurrent use.
type resume struct {
	leases *leases
	run    run
	from   state

	mu    sync.Mutex // guards the fields below
	file  *file.File
	now   lines.Position
	fence clientv3.LeaseID // of the fence that this run writes under
	err   error            // of the last write
}

// state is the contents of the file.
type state struct {
	run
	Lines  int64                      `json:"lines"` // all up to this one have been dealt with
	Sum    uint32                     `json:"crc32c"`
	Leases map[int64]clientv3.LeaseID `json:"leases,omitempty"`
	Fence  clientv3.LeaseID           `json:"fence,omitempty"` // lease of the fence; 0 if none was made
}

// run holds the settings that runs sharing a file must have in common. Other
// settings do not affect the pairs already handled.
type run struct {
	Cluster string `json:"cluster,omitempty"` // its id in hexadecimal; empty if the user may not read it
	Mode    string `json:"on_conflict"`
	Lease   string `json:"lease,omitempty"` // for every pair, in hexadecimal
	Strip   string `json:"strip_prefix,omitempty"`
	Add     string `json:"add_prefix,omitempty"`
}

// differs describes what the file belongs to, if that is not this run.
func (s *run) differs(now *run) string {
	switch {
	case s.Cluster != "" && now.Cluster != "" && s.Cluster != now.Cluster:
		return fmt.Sprintf("a run into another cluster, %s:", s.Cluster)
	case s.Mode != now.Mode:
		return fmt.Sprintf("a run with --on-conflict %s: give that again, or", s.Mode)
	case s.Strip != now.Strip || s.Add != now.Add:
		return fmt.Sprintf("a run with --strip-prefix %q and --add-prefix %q: give the same again, or", s.Strip, s.Add)
	case s.Lease != now.Lease && s.Lease == "":
		return "a run without --lease: leave it out again, or"
	case s.Lease != now.Lease:
		return fmt.Sprintf("a run with --lease %s: give that again, or", s.Lease)
	}
	return ""
}

// hex returns an id as other commands take it, "" for none.
func hex(id uint64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(id, 16)
}

// openResume reads the file, if it exists.
func openResume(path string, l *leases, now run) (*resume, error) {
	r := &resume{leases: l, run: now}
	found := false
	var err error
	if r.file, found, err = file.Open(path, &r.from, state{run: now}); err != nil {
		return nil, err
	}
	if why := r.from.differs(&now); found && why != "" {
		return nil, r.file.Foreign(why)
	}
	r.now = lines.Position{Lines: r.from.Lines, Sum: r.from.Sum}
	l.takeUp(r.from.Leases)
	return r, nil
}

// endFence makes requests of the earlier run that may still be under way fail
// for good.
func (r *resume) endFence(ctx context.Context, f *fence.Fence) error {
	if r.from.Fence == clientv3.NoLease {
		return nil
	}
	return f.Remove(ctx, r.from.Fence)
}

// fenced notes the lease of a fence, and writes it down at once.
func (r *resume) fenced(lease clientv3.LeaseID) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fence = lease
	return r.file.Insert(r.state())
}

// skip skips the lines that an earlier run has handled, and returns their
// number.
func (r *resume) skip(in *lines.Reader) (int64, error) {
	if r == nil || r.from.Lines == 0 {
		return 0, nil
	}
	same, err := in.Skip(lines.Position{Lines: r.from.Lines, Sum: r.from.Sum})
	if err == nil && !same {
		err = r.file.Foreign("another input:")
	}
	return r.from.Lines, err
}

// reached says that all up to a position has been dealt with.
func (r *resume) reached(at lines.Position) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = at
	if r.file.Due() {
		r.err = r.write()
	}
}

// end finishes the file after the run has ended with err: it removes it after a
// completed run.
func (r *resume) end(err error) error {
	switch {
	case r == nil:
		return nil
	case err == nil:
		return r.file.Remove()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = r.write()
	return r.err
}

func (r *resume) write() error {
	return r.file.Write(r.state())
}

func (r *resume) state() state {
	return state{r.run, r.now.Lines, r.now.Sum, r.leases.made(), r.fence}
}
