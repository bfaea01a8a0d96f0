package retry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// outage is a request that fails until a given time.
type outage struct {
	err   error
	until time.Time
	tries int
}

func (o *outage) request(context.Context) error {
	o.tries++
	if time.Now().Before(o.until) {
		return o.err
	}
	return nil
}

func TestDo(t *testing.T) {
	t.Parallel()
	unavailable := status.Error(codes.Unavailable, "gone")
	for _, tt := range []struct {
		name     string
		err      error
		last     time.Duration // of the outage
		answered bool          // there was an answer before
		patience time.Duration
		want     string        // the error
		took     time.Duration // at least, and less than a pause more
		told     []string
	}{
		{name: "no outage", answered: true},
		{name: "short", err: unavailable, last: time.Second, answered: true, took: time.Second,
			told: []string{"explained: rpc error: code = Unavailable desc = gone", "<nil>"}},
		{name: "long", err: unavailable, last: 24 * time.Hour, answered: true, took: 24 * time.Hour,
			told: []string{"explained: rpc error: code = Unavailable desc = gone", "<nil>"}},
		{name: "no answer ever", err: unavailable, last: time.Hour, took: 5 * time.Second,
			want: "explained: rpc error: code = Unavailable desc = gone"},
		{name: "late first answer", err: unavailable, last: 4 * time.Second, took: 4 * time.Second},
		{name: "short of patience", err: unavailable, last: time.Hour, answered: true, patience: 20 * time.Second, took: 20 * time.Second,
			want: "explained: rpc error: code = Unavailable desc = gone", told: []string{"explained: rpc error: code = Unavailable desc = gone"}},
		{name: "refused", err: rpctypes.ErrPermissionDenied, last: time.Hour, answered: true, want: "explained: etcdserver: permission denied"},
		{name: "refused at first", err: rpctypes.ErrPermissionDenied, last: time.Hour, want: "explained: etcdserver: permission denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var told []string
				r := &Retrier{Timeout: 5 * time.Second, Patience: tt.patience,
					Explain: func(err error) error { return fmt.Errorf("explained: %w", err) },
					Report:  func(err error) { told = append(told, fmt.Sprint(err)) }}
				if tt.answered {
					r.Succeeded()
				}
				start := time.Now()
				o := &outage{tt.err, start.Add(tt.last), 0}
				err := r.Do(t.Context(), o.request)
				if text(err) != tt.want {
					t.Errorf("error %q, want %q", text(err), tt.want)
				}
				if took := time.Since(start); took < tt.took || took > tt.took+longestPause {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if !slices.Equal(told, tt.told) {
					t.Errorf("reported %q, want %q", told, tt.told)
				}
			})
		})
	}
}

// Each attempt has the whole Timeout; the pauses between attempts grow to a bound
// and start again at the shortest after a success.
func TestPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &Retrier{Timeout: 3 * time.Second}
		r.Succeeded()
		start, begun := time.Now(), []time.Duration{}
		err := r.Do(t.Context(), func(ctx context.Context) error {
			begun = append(begun, time.Since(start))
			if len(begun) == 9 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		var pauses []string
		for i := 1; i < len(begun); i++ {
			pauses = append(pauses, (begun[i] - begun[i-1] - 3*time.Second).String())
		}
		want := []string{"50ms", "100ms", "200ms", "400ms", "800ms", "1.6s", "2s", "2s"}
		if !slices.Equal(pauses, want) {
			t.Errorf("paused for %v, want %v", pauses, want)
		}
		start = time.Now()
		if err := r.Failed(t.Context(), start, rpctypes.ErrNoLeader); err != nil || time.Since(start) != firstPause {
			t.Errorf("after a success: %v after %v, want none after %v", err, time.Since(start), firstPause)
		}
	})
}

// Work that made progress for longer than Patience has all of Patience left when
// it fails.
func TestLoopAfterLongWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &Retrier{Timeout: time.Second, Patience: time.Minute}
		tries := 0
		err := r.Loop(t.Context(), func(context.Context) error {
			if tries++; tries == 1 {
				time.Sleep(time.Hour)
				r.Succeeded()
			}
			if tries == 3 {
				return nil
			}
			return rpctypes.ErrNoLeader
		})
		if err != nil || tries != 3 {
			t.Errorf("%d tries, %v", tries, err)
		}
	})
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	boom := errors.New("interrupt")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := &Retrier{Timeout: time.Minute}
		r.Succeeded()
		start := time.Now()
		time.AfterFunc(time.Hour, func() { cancel(boom) })
		err := r.Do(ctx, func(context.Context) error { return rpctypes.ErrNoLeader })
		if !errors.Is(err, boom) || time.Since(start) != time.Hour {
			t.Errorf("%v after %v, want the cause after an hour", err, time.Since(start))
		}
		err = r.Do(ctx, func(context.Context) error { return errors.New("made a request after the end") })
		if !errors.Is(err, boom) {
			t.Error(err)
		}
	})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTransient(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{rpctypes.ErrNoLeader, true},
		{rpctypes.ErrLeaderChanged, true},
		{rpctypes.ErrTimeout, true},
		{rpctypes.ErrTimeoutDueToConnectionLost, true},
		{rpctypes.ErrStopped, true},
		{rpctypes.ErrTooManyRequests, true},
		{rpctypes.ErrAuthOldRevision, true},
		{context.DeadlineExceeded, true},
		{fmt.Errorf("%w: refused", context.DeadlineExceeded), true},
		{status.Error(codes.Unavailable, "connection reset by peer"), true},
		{status.Error(codes.DeadlineExceeded, "late"), true},
		{rpctypes.ErrNoSpace, false},
		{rpctypes.ErrCompacted, false},
		{rpctypes.ErrPermissionDenied, false},
		{rpctypes.ErrTooManyOps, false},
		{status.Error(codes.Unimplemented, "what?"), false},
		{context.Canceled, false},
		{errors.New("boom"), false},
	} {
		if got := Transient(tt.err); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.err, got, tt.want)
		}
	}
}
