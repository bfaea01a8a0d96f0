package load

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/fence/fencekey"
	"etcdkit/keyspace/fence/fencetest"
	"etcdkit/keyspace/lines"
)

// store is an in-memory cluster, with the requests that a run makes besides
// writes.
type store struct {
	fencetest.Store
	denied bool // its first read
}

func (s *store) Get(context.Context, string, ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	if s.denied {
		return nil, rpctypes.ErrPermissionDenied
	}
	return &clientv3.GetResponse{Header: &pb.ResponseHeader{ClusterId: 0xd, Revision: s.Rev()}}, nil
}

func (s *store) MemberList(context.Context, ...clientv3.OpOption) (*clientv3.MemberListResponse, error) {
	return nil, rpctypes.ErrPermissionDenied
}

func (s *store) TimeToLive(_ context.Context, id clientv3.LeaseID, _ ...clientv3.LeaseOption) (*clientv3.LeaseTimeToLiveResponse, error) {
	return &clientv3.LeaseTimeToLiveResponse{ID: id, TTL: -1}, nil
}

// state returns the keys as "k=v", without fences.
func (s *store) state() string {
	var all []string
	for _, kv := range s.Keys() {
		if !fencekey.Is(kv) {
			all = append(all, fmt.Sprintf("%s=%s", kv.GetKey(), kv.GetValue()))
		}
	}
	return strings.Join(all, " ")
}

// loading loads lines "k=v" into the store.
func loading(t *testing.T, s *store, in string, o Options) (Summary, []string, error) {
	t.Helper()
	var text strings.Builder
	for word := range strings.FieldsSeq(in) {
		key, value, found := strings.Cut(word, "=")
		if !found {
			text.WriteString("broken\n")
			continue
		}
		fmt.Fprintf(&text, `{"key":%q,"value":%q}`+"\n", key, value)
	}
	var mu sync.Mutex
	var notes []string
	o.Open = func() (*lines.Reader, error) {
		return lines.NewReader(strings.NewReader(text.String()), lines.JSONLines)
	}
	o.Unit, o.Timeout = "line", time.Second
	o.Note = func(text string) {
		mu.Lock()
		defer mu.Unlock()
		notes = append(notes, text)
	}
	sum, err := New(Cluster{Client: s, Explain: func(err error) error { return err }}, o).Run(t.Context())
	return sum, notes, err
}

func TestRun(t *testing.T) {
	t.Parallel()
	const file = true
	for _, tt := range []struct {
		name  string
		in    string
		opts  Options
		want  Summary
		state string
		err   string
	}{
		{"nothing", "", Options{}, Summary{}, "b=theirs", ""},
		{"overwrite", "a=1 b=2", Options{}, Summary{Read: 2, Written: 2}, "a=1 b=2", ""},
		{"the last line counts", "a=1 a=2 c=1 a=3", Options{}, Summary{Read: 4, Written: 4}, "a=3 b=theirs c=1", ""},
		{"skip", "a=1 b=2 c=3", Options{Mode: bulk.Skip}, Summary{Read: 3, Written: 2, Skipped: 1}, "a=1 b=theirs c=3", ""},
		{"skip what comes twice", "a=1 a=2", Options{Mode: bulk.Skip}, Summary{Read: 2, Written: 1, Skipped: 1}, "a=1 b=theirs", ""},
		{"refuse", "a=1 c=3", Options{Mode: bulk.Refuse, Again: file}, Summary{Read: 2, Written: 2}, "a=1 b=theirs c=3", ""},
		{"refuse one that exists", "a=1 b=2", Options{Mode: bulk.Refuse, Again: file}, Summary{}, "b=theirs",
			`line 2: the key exists already: "b"; nothing was written`},
		{"refuse one that comes twice", "a=1 c=1 a=1", Options{Mode: bulk.Refuse, Again: file}, Summary{}, "b=theirs",
			`line 3: the key exists already: "a" is also the key of line 1; nothing was written`},
		{"refuse, from a pipe", "a=1 b=2", Options{Mode: bulk.Refuse}, Summary{Read: 2, Written: 1, Failed: 1}, "a=1 b=theirs",
			`line 2, key "b" (2 bytes with its value): the key exists already`},
		{"refuse some", "a=1 b=2 c=3", Options{Mode: bulk.Refuse, KeepGoing: true}, Summary{Read: 3, Written: 2, Failed: 1}, "a=1 b=theirs c=3", ""},
		{"renamed", "/p/a=1 /p/=2", Options{Strip: "/p/", Add: "/q/"}, Summary{Read: 2, Written: 2}, "/q/=2 /q/a=1 b=theirs", ""},
		{"renamed, one without the prefix", "/p/a=1 /x=2", Options{Strip: "/p/", Again: file}, Summary{}, "b=theirs",
			`line 2: key "/x" does not begin with --strip-prefix "/p/"; nothing was written`},
		{"renamed to nothing", "/p/=1", Options{Strip: "/p/", Again: file}, Summary{}, "b=theirs",
			`line 1: nothing is left of key "/p/" without --strip-prefix; nothing was written`},
		{"renamed to one that exists", "/p/b=1", Options{Strip: "/p/", Mode: bulk.Refuse, Again: file}, Summary{}, "b=theirs",
			`line 1: the key exists already: "b"; nothing was written`},
		{"dry run", "a=1 b=2", Options{DryRun: true}, Summary{Read: 2, Written: 2, Present: 1}, "b=theirs", ""},
		{"broken", "a=1 x c=3", Options{Again: file}, Summary{}, "b=theirs", "line 2: 'b' at byte 1, where { should be; nothing was written"},
		{"broken, from a pipe", "a=1 x c=3", Options{}, Summary{Read: 2, Written: 1, Broken: 1}, "a=1 b=theirs",
			"line 2: 'b' at byte 1, where { should be; nothing from there on was written"},
		{"broken, passed over", "a=1 x c=3", Options{KeepGoing: true}, Summary{Read: 3, Written: 2, Broken: 1}, "a=1 b=theirs c=3", ""},
	} {
		for _, lose := range []int{0, 1} {
			t.Run(fmt.Sprint(tt.name, ", answers lost: ", lose), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &store{}
					s.Put("b", "theirs")
					lose := lose
					s.Fate = func(op clientv3.Op) (fencetest.Fate, error) {
						if _, then, _ := op.Txn(); lose > 0 && len(then) > 1 {
							lose--
							return fencetest.Lose, nil
						}
						return fencetest.Answer, nil
					}
					got, _, err := loading(t, s, tt.in, tt.opts)
					text := ""
					if err != nil {
						text = err.Error()
					}
					if got != tt.want || text != tt.err || s.state() != tt.state {
						t.Errorf("got  %+v, %q, %s\nwant %+v, %q, %s", got, text, s.state(), tt.want, tt.err, tt.state)
					}
					if rest := s.Keys(); len(rest) != len(strings.Fields(tt.state)) {
						t.Errorf("%d keys are left, want no fences", len(rest))
					}
				})
			})
		}
	}
}

// Without the permissions for a fence nothing is sent again, and the lines are
// named.
func TestUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{denied: true}
		s.Fate = func(op clientv3.Op) (fencetest.Fate, error) {
			if cmps, _, _ := op.Txn(); len(cmps) > 0 {
				return 0, rpctypes.ErrPermissionDenied
			}
			return fencetest.Hold, nil
		}
		sum, notes, err := loading(t, s, "a=1 c=3", Options{})
		want := []string{`It is not known whether these 2 pairs were written: lines 1 to 2, keys "a" to "c"`}
		if err == nil || sum != (Summary{Read: 2, Left: 2}) || !slices.Equal(notes, want) {
			t.Errorf("%+v, %v, %q", sum, err, notes)
		}
	})
}

// A run that resumes another one first ends that run's fence, and then writes
// the remaining pairs.
func TestResumed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "resume")
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		var held int
		s.Fate = func(op clientv3.Op) (fencetest.Fate, error) {
			if _, then, _ := op.Txn(); len(then) > 1 {
				held++
				return fencetest.Hold, nil
			}
			if held > 0 {
				return 0, rpctypes.ErrNoSpace // so that it ends
			}
			return fencetest.Answer, nil
		}
		if _, notes, err := loading(t, s, "a=1", Options{Resume: file}); err == nil || len(notes) == 0 {
			t.Fatalf("%v, %q", err, notes)
		}
		s.Fate = nil
		if sum, _, err := loading(t, s, "a=1", Options{Resume: file}); err != nil || sum.Written != 1 {
			t.Fatalf("%+v, %v", sum, err)
		}
		s.Delete("a")
		s.Release()
		if got := s.state(); got != "" {
			t.Errorf("came back: %s", got)
		}
	})
}
