package follow

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"etcdkit/backup/increment"
)

// follower is one run.
type follower struct {
	Options
	id string // random

	mu     sync.Mutex // for Tell, Report and what follows
	status Status
	server *Server // that is watched now; nil if none is
	full   full

	next   int       // the endpoint to try next
	leases leases    // used by the one goroutine that stores
	hashAt time.Time // when the next may be asked for
}

// Errors that end a session, after which the position is found anew.
var (
	errTaken     = errors.New("another follower stores increments as well")
	errCompacted = errors.New("the revisions after it are compacted")
	errHistory   = errors.New("the history of the cluster is another one")
)

// Run follows until ctx is done; then it stores what it has and returns nil. It
// returns an error only if it can't begin: from then on it tries again whatever
// fails.
func Run(ctx context.Context, o Options) error {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	f := &follower{Options: o, id: hex.EncodeToString(random[:])}
	pos, err := f.position(ctx, nil)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	var background sync.WaitGroup
	defer background.Wait()
	background.Go(func() { f.fulls(ctx) })
	for {
		err := f.session(ctx, pos)
		if ctx.Err() != nil {
			if err != nil {
				f.tell("not everything was stored: %v; the next start continues after revision %d", err, pos.after)
			}
			return nil
		}
		switch {
		case errors.Is(err, errTaken):
			f.standby(ctx, pos)
		case errors.Is(err, errBroken):
			f.tell("%v; starting again after revision %d", err, pos.after)
			sleep(ctx, requestTime)
		}
		if pos, err = f.reposition(ctx, pos, err); err != nil {
			return nil // ctx is done
		}
	}
}

// reposition finds the position until it succeeds or ctx is done. why ended the
// session.
func (f *follower) reposition(ctx context.Context, before *position, why error) (*position, error) {
	wait := backoff{most: 30 * time.Second}
	for told := false; ; {
		pos, err := f.position(ctx, &lost{before, why})
		if err == nil {
			return pos, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !told {
			f.tell("can't continue: %v; retrying", err)
			told = true
		}
		wait.sleep(ctx)
	}
}

// standby waits while another follower stores increments.
func (f *follower) standby(ctx context.Context, pos *position) {
	f.tell("another follower stores the increments of %s; standing by", f.Repo.Store.Location())
	f.setStatus(func(s *Status) { s.Standby = true })
	seen, quiet := int64(-1), 0
	for quiet < 2 {
		if !sleep(ctx, max(f.Flush, time.Second)*heartbeat) {
			return
		}
		lines, last, err := increment.Lines(ctx, f.Repo.Store)
		switch {
		case err != nil: // it fails for the other one as well
		case len(lines) == 0:
			return
		case lines[0] != pos.line || last[pos.line] > seen:
			pos.line, seen, quiet = lines[0], last[lines[0]], 0
		default:
			quiet++
		}
	}
	f.setStatus(func(s *Status) { s.Standby = false })
	f.tell("no other follower stores increments any more; continuing")
}

func (f *follower) tell(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Tell != nil {
		f.Tell(fmt.Sprintf(format, args...))
	}
}

// setStatus changes the status and reports it.
func (f *follower) setStatus(change func(*Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.status)
	if f.Report != nil {
		f.Report(f.status)
	}
}

// now is the time by the repository's clock.
func (f *follower) now() time.Time { return f.Repo.Now().UTC() }

// backoff are pauses that double.
type backoff struct{ now, most time.Duration }

// sleep waits, and reports whether ctx is still alive.
func (b *backoff) sleep(ctx context.Context) bool {
	b.now = min(max(2*b.now, 100*time.Millisecond), b.most)
	return sleep(ctx, b.now)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
