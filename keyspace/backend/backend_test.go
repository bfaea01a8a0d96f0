package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	errUnreachable = errors.New("unreachable")
	errDenied      = errors.New("denied")
	errInterrupt   = errors.New("interrupt")
)

// member is an endpoint that sends its name after some time, or fails.
type member struct {
	name   string
	dial   error
	err    error // in place of a backend
	takes  time.Duration
	then   error // after the backend, in place of its end
	closed int
}

func (m *member) SnapshotWithVersion(ctx context.Context) (*clientv3.SnapshotResponse, error) {
	select {
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-time.After(m.takes):
	}
	if m.err != nil {
		return nil, m.err
	}
	var backend io.Reader = strings.NewReader("backend of " + m.name)
	if m.then != nil {
		backend = io.MultiReader(backend, iotest.ErrReader(m.then))
	}
	return &clientv3.SnapshotResponse{Version: "3.7.0", Snapshot: io.NopCloser(backend)}, nil
}

func (m *member) Explain(err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // a reader's end is that value
		return err
	}
	return fmt.Errorf("%s: %w", m.name, err)
}

func (m *member) Close() error { m.closed++; return nil }

// choice records who was asked, who failed, and who was chosen.
type choice struct {
	dialed, told []string
}

func (c *choice) options(wait time.Duration, members ...*member) Options {
	o := Options{
		Wait: wait,
		Dial: func(_ context.Context, endpoint string) (Client, error) {
			c.dialed = append(c.dialed, endpoint)
			m := members[slices.IndexFunc(members, func(m *member) bool { return m.name == endpoint })]
			if m.dial != nil {
				return nil, m.dial
			}
			return m, nil
		},
		Unavailable: func(err error) bool {
			return errors.Is(err, errUnreachable) || errors.Is(err, context.DeadlineExceeded)
		},
		Chosen: func(endpoint string) { c.told = append(c.told, endpoint+" chosen") },
		Failed: func(endpoint string, err error) { c.told = append(c.told, endpoint+" failed ("+err.Error()+")") },
	}
	for _, m := range members {
		o.Endpoints = append(o.Endpoints, m.name)
	}
	return o
}

// The first endpoint that can be reached and sends in time is chosen; an answer
// that refuses ends the search.
func TestFirstThatSends(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		members []*member
		wait    time.Duration
		got     string
		err     string
		dialed  string
		told    string
		took    time.Duration
	}{
		{name: "none", err: "could not get a snapshot: there is no endpoint in --endpoints"},
		{name: "one", members: []*member{{name: "a", takes: time.Hour}}, wait: time.Second, got: "backend of a", dialed: "a", took: time.Hour},
		{name: "the first of two", members: []*member{{name: "a"}, {name: "b"}}, got: "backend of a", dialed: "a", told: "a chosen"},
		{name: "not dialed", members: []*member{{name: "a", dial: errUnreachable}, {name: "b"}}, got: "backend of b", dialed: "a b",
			told: "a failed (unreachable), b chosen"},
		{name: "not reached", members: []*member{{name: "a", err: errUnreachable}, {name: "b"}}, got: "backend of b", dialed: "a b",
			told: "a failed (a: unreachable), b chosen"},
		{name: "too slow", members: []*member{{name: "a", takes: time.Hour}, {name: "b", takes: time.Minute}}, wait: time.Second,
			got: "backend of b", dialed: "a b", told: "a failed (a: context deadline exceeded), b chosen", took: time.Second + time.Minute},
		{name: "as long as it takes", members: []*member{{name: "a", takes: time.Hour}, {name: "b"}}, got: "backend of a", dialed: "a",
			told: "a chosen", took: time.Hour},
		{name: "refused", members: []*member{{name: "a", err: errDenied}, {name: "b"}}, err: "a: denied", dialed: "a", told: "a failed (a: denied)"},
		{name: "refused alone", members: []*member{{name: "a", err: errDenied}}, err: "a: denied", dialed: "a"},
		{name: "nobody", members: []*member{{name: "a", err: errUnreachable}, {name: "b", dial: errUnreachable}}, err: "unreachable", dialed: "a b",
			told: "a failed (a: unreachable), b failed (unreachable)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var c choice
				s, begun := New(t.Context(), c.options(tt.wait, tt.members...)), time.Now()
				if len(c.dialed) > 0 {
					t.Error("dialed before the first read")
				}
				got, err := io.ReadAll(s)
				took, text := time.Since(begun), ""
				if err != nil {
					text = err.Error()
				}
				if string(got) != tt.got || text != tt.err || strings.Join(c.dialed, " ") != tt.dialed || strings.Join(c.told, ", ") != tt.told || took != tt.took {
					t.Errorf("got %q, error %q after %v, dialed %q, told %q", got, text, took, c.dialed, c.told)
				}
				if (s.Version() != "") != (tt.err == "") || !errors.Is(err, s.Err()) {
					t.Errorf("version %q, error %v", s.Version(), s.Err())
				}
				s.Close()
				for _, m := range tt.members {
					if asked := slices.Contains(c.dialed, m.name) && m.dial == nil; asked != (m.closed == 1) {
						t.Errorf("%s was closed %d times", m.name, m.closed)
					}
				}
			})
		})
	}
}

// The time of the first bytes does not limit the rest, and an error in the
// middle is explained.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		errDenied: "a: denied",
		status.Error(codes.DeadlineExceeded, "the server's words"): "a: context deadline exceeded",
	} {
		synctest.Test(t, func(t *testing.T) {
			var c choice
			s := New(t.Context(), c.options(time.Second, &member{name: "a", then: err}, &member{name: "b"}))
			defer s.Close()
			if _, err := s.Read(nil); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			got, err := io.ReadAll(s)
			if string(got) != "backend of a" || err == nil || err.Error() != want || s.Err() != nil {
				t.Errorf("%q, %v; not opened: %v", got, err, s.Err())
			}
		})
	}
}

// An interrupt ends the search.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errInterrupt) })
		var c choice
		s := New(ctx, c.options(time.Minute, &member{name: "a", takes: time.Hour}, &member{name: "b"}))
		defer s.Close()
		if _, err := io.ReadAll(s); !errors.Is(err, errInterrupt) || len(c.dialed) != 1 {
			t.Errorf("%v, dialed %q", err, c.dialed)
		}
	})
}
