package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/ctl/pairs"
	"etcdkit/snapshot/output"
)

var errLeaseGone = errors.New("the lease has ended or never was: give another --lease")

// resume notes in a file how far a run has come. The nil resume notes nothing.
// It may be used from several goroutines.
type resume struct {
	path   string
	leases *leases
	from   state

	mu   sync.Mutex
	now  pairs.Position
	next time.Time // when it is written again
	err  error     // of the last write
}

// state is what the file holds.
type state struct {
	Lines  int64                      `json:"lines"` // all up to this one have been dealt with
	Sum    uint32                     `json:"crc32c"`
	Leases map[int64]clientv3.LeaseID `json:"leases,omitempty"`
}

// resumePause is how much of a run may have to be done again after a crash.
const resumePause = time.Second

// openResume reads the file, if it is there.
func openResume(path string, l *leases) (*resume, error) {
	r := &resume{path: path, leases: l, next: time.Now().Add(resumePause)}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, r.write() // which shows whether it can be
	}
	if err != nil {
		return nil, fmt.Errorf("read the resume file: %w", err)
	}
	if err := json.Unmarshal(b, &r.from); err != nil {
		return nil, fmt.Errorf("%s is no resume file: %w", path, err)
	}
	r.now = pairs.Position{Lines: r.from.Lines, Sum: r.from.Sum}
	l.takeUp(r.from.Leases)
	return r, nil
}

// skip passes over what an earlier run has dealt with, and returns how many
// lines that are.
func (r *resume) skip(in *pairs.Reader) (int64, error) {
	if r == nil || r.from.Lines == 0 {
		return 0, nil
	}
	same, err := in.Skip(pairs.Position{Lines: r.from.Lines, Sum: r.from.Sum})
	if err == nil && !same {
		err = fmt.Errorf("%s is of another input: delete it to begin anew", r.path)
	}
	return r.from.Lines, err
}

// reached says that all up to a position has been dealt with.
func (r *resume) reached(at pairs.Position) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = at
	if now := time.Now(); now.After(r.next) {
		r.next = now.Add(resumePause)
		r.err = r.write()
	}
}

// end leaves the file as the end of the run with err calls for: none after a
// run that has come to its end.
func (r *resume) end(err error) error {
	switch {
	case r == nil:
		return nil
	case err == nil:
		return os.Remove(r.path)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = r.write()
	return r.err
}

func (r *resume) write() error {
	b, err := json.Marshal(state{r.now.Lines, r.now.Sum, r.leases.made()})
	if err != nil {
		return err
	}
	f, err := output.Create(r.path)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Commit()
	}
	return errors.Join(err, f.Abort())
}
