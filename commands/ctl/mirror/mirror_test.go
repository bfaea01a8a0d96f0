package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// pair is a mirror between two servers.
type pair struct {
	source, dest *etcd
	*Mirror

	mu    sync.Mutex
	notes []string
	end   context.CancelCauseFunc
	ended chan error
}

func newPair(t *testing.T) *pair {
	t.Helper()
	return &pair{source: newEtcd(t), dest: newEtcd(t)}
}

func plain(err error) error { return err }

func (p *pair) mirror(t *testing.T, o Options) *Mirror {
	t.Helper()
	o.Timeout = 5 * time.Second
	o.Note = func(text string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.notes = append(p.notes, text)
	}
	p.Mirror = New(Cluster{p.source.client(t), plain}, Cluster{p.dest.client(t), plain}, o)
	return p.Mirror
}

// once mirrors what there is.
func (p *pair) once(t *testing.T, o Options) error {
	t.Helper()
	o.Once = true
	return p.mirror(t, o).Run(t.Context())
}

var errInterrupt = errors.New("interrupt")

// run mirrors until stop.
func (p *pair) run(t *testing.T, o Options) {
	t.Helper()
	m := p.mirror(t, o)
	var ctx context.Context
	ctx, p.end = context.WithCancelCause(t.Context())
	p.ended = make(chan error, 1)
	go func() { p.ended <- m.Run(ctx) }()
	synctest.Wait()
}

// stop ends a mirror, which has to be running.
func (p *pair) stop(t *testing.T) {
	t.Helper()
	synctest.Wait()
	p.end(errInterrupt)
	if err := <-p.ended; !errors.Is(err, errInterrupt) {
		t.Errorf("the mirror ended with %v, want the cause", err)
	}
}

// settle lets time pass in which something can happen.
func settle(d time.Duration) {
	time.Sleep(d) // of the bubble
	synctest.Wait()
}

func (p *pair) noted(t *testing.T, want ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	same(t, "notes", p.notes, want)
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s\ngot  %q\nwant %q", what, got, want)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		opts   Options
		before []string // at the destination
		want   []string
		total  int64
		err    string
	}{
		{name: "everything", want: []string{"/a/1=x", "/a/2=y", "/b/1=z"}, total: 3},
		{name: "with a prefix", opts: Options{Prefix: "/a/", DestPrefix: "/a/"}, want: []string{"/a/1=x", "/a/2=y"}, total: 2},
		{name: "renamed", opts: Options{Prefix: "/a/", DestPrefix: "/copy/a/"}, want: []string{"/copy/a/1=x", "/copy/a/2=y"}, total: 2},
		{name: "below a prefix", opts: Options{DestPrefix: "/copy"}, want: []string{"/copy/a/1=x", "/copy/a/2=y", "/copy/b/1=z"}, total: 3},
		{name: "without the prefix", opts: Options{Prefix: "/a/"}, want: []string{"1=x", "2=y"}, total: 2},
		{name: "nothing", opts: Options{Prefix: "/c/", DestPrefix: "/c/"}},
		{name: "nothing is left of a name", opts: Options{Prefix: "/a/1"},
			err: `etcdserver: key is not provided: of "/a/1" nothing is left without the prefix`},
		{name: "from a revision", opts: Options{Rev: 4}, want: []string{"/a/1=x", "/b/1=z"}, total: 4},
		{name: "from a revision, with a prefix", opts: Options{Rev: 5, Prefix: "/a/", DestPrefix: "/a/"}, want: []string{"/a/1=x"}, total: 2},
		{name: "from the first revision is a copy", opts: Options{Rev: 1}, want: []string{"/a/1=x", "/a/2=y", "/b/1=z"}, total: 3},
		{name: "from the future", opts: Options{Rev: 100}},
		{name: "others' keys", before: []string{"/a/0=o", "/a/1=o", "/z=o"},
			want: []string{"/a/0=o", "/a/1=x", "/a/2=y", "/b/1=z", "/z=o"}, total: 3},
		{name: "extra keys", opts: Options{DeleteExtra: true}, before: []string{"/a/0=o", "/a/1=o", "/a/10=o", "/z=o"},
			want: []string{"/a/1=x", "/a/2=y", "/b/1=z"}, total: 6},
		{name: "extra keys below a prefix", opts: Options{Prefix: "/a/", DestPrefix: "/b/", DeleteExtra: true}, before: []string{"/a/9=o", "/b/9=o", "/c=o"},
			want: []string{"/a/9=o", "/b/1=x", "/b/2=y", "/c=o"}, total: 3},
		{name: "only extra keys", opts: Options{Prefix: "/c/", DestPrefix: "/c/", DeleteExtra: true}, before: []string{"/c/1=o", "/c/2=o", "/d=o"},
			want: []string{"/d=o"}, total: 2},
		{name: "one at a time", opts: Options{Limits: limits(1)}, want: []string{"/a/1=x", "/a/2=y", "/b/1=z"}, total: 3},
	} {
		for _, streams := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, stream %v", tt.name, streams), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := newPair(t)
					p.source.noStream, p.dest.noStream = !streams, !streams
					p.source.txn("/a/1=x", "/a/2=old") // revision 2
					p.source.txn("/a/2=y", "/b/1=z", "/c=gone")
					p.source.txn("-/c")           // 4
					p.source.txn("/a/1=x2")       // 5
					p.source.txn("/a/1=x")        // 6
					p.source.txn("/b/1=z", "/x=") // 7
					p.source.txn("-/x")           // 8
					if len(tt.before) > 0 {
						p.dest.txn(tt.before...)
					}
					if err := p.once(t, tt.opts); text(err) != withSide(tt.err) {
						t.Errorf("error %q, want %q", text(err), tt.err)
					}
					same(t, "destination", p.dest.state(), tt.want)
					if p.Total() != tt.total {
						t.Errorf("%d changes, want %d", p.Total(), tt.total)
					}
					p.noted(t)
				})
			})
		}
	}
}

func withSide(err string) string { return err }

// What happens is made at the destination in the order and the transactions of
// the source, and nothing twice.
func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.source.txn("/a/1=x", "/z=not ours")
		p.run(t, Options{Prefix: "/a/", DestPrefix: "/b/"})
		same(t, "first copy", p.dest.state(), []string{"/b/1=x"})
		rev := p.dest.revision()
		p.source.txn("/a/2=y", "/a/3=z", "/y=not ours")
		synctest.Wait()
		p.source.txn("-/a/1", "/a/3=z2")
		synctest.Wait()
		same(t, "after two transactions", p.dest.state(), []string{"/b/2=y", "/b/3=z2"})
		if got := p.dest.revision() - rev; got != 2 {
			t.Errorf("%d transactions at the destination, want 2", got)
		}
		p.source.txn("/x=not ours")
		synctest.Wait()
		if p.Total() != 5 {
			t.Errorf("%d changes, want 5", p.Total())
		}
		p.stop(t)
		p.noted(t)
	})
}

// Both ends may be away for any time: what happened meanwhile is made up for.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	for _, away := range []string{"source", "destination"} {
		t.Run(away, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.source.txn("a=1", "b=1")
				p.run(t, Options{})
				e := map[string]*etcd{"source": p.source, "destination": p.dest}[away]
				e.stop()
				synctest.Wait()
				p.source.txn("a=2")
				p.source.txn("-b", "c=1")
				settle(time.Hour)
				same(t, "meanwhile", p.dest.state(), []string{"a=1", "b=1"})
				e.start()
				settle(3 * time.Minute) // grpc's own pauses grow up to two
				same(t, "afterwards", p.dest.state(), []string{"a=2", "c=1"})
				p.source.txn("a=3")
				settle(time.Second)
				same(t, "then", p.dest.state(), []string{"a=3", "c=1"})
				p.stop(t)
				if away == "destination" {
					p.noted(t, "Trying again: context deadline exceeded: at the destination", "The destination has answered again")
				}
			})
		})
	}
}

// A source that was compacted while it could not be reached is copied again;
// what the mirror had written and is gone is deleted, what others have written
// stays.
func TestCompactedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, deleteExtra := range []bool{false, true} {
		t.Run(fmt.Sprintf("delete extra %v", deleteExtra), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.source.txn("a=1", "b=1", "c=1")
				p.dest.txn("0=others", "bb=others", "d=others")
				if deleteExtra {
					p.dest.txn("-0", "-bb", "-d") // or they would go at first
				}
				p.run(t, Options{DeleteExtra: deleteExtra})
				p.source.txn("e=1")
				synctest.Wait()
				p.dest.txn("f=others")
				p.source.stop()
				p.source.txn("-b", "c=2")
				p.source.txn("g=1", "-e")
				p.source.compact()
				settle(time.Minute)
				p.source.start()
				settle(3 * time.Minute)
				want := []string{"0=others", "a=1", "bb=others", "c=2", "d=others", "f=others", "g=1"}
				if deleteExtra {
					want = []string{"a=1", "c=2", "g=1"}
				}
				same(t, "destination", p.dest.state(), want)
				p.source.txn("a=2")
				synctest.Wait()
				if !slices.Contains(p.dest.state(), "a=2") {
					t.Error("the mirror does not go on after the second copy")
				}
				p.stop(t)
				p.noted(t, "What came after revision 3 was compacted away before it was mirrored; copying all keys again")
			})
		})
	}
}

// A revision that is not there any more at the start is an error, as it is for
// upstream.
func TestCompactedBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.source.txn("a=1")
		p.source.txn("a=2")
		p.source.compact()
		err := p.mirror(t, Options{Rev: 2}).Run(t.Context())
		if want := "etcdserver: mvcc: required revision has been compacted: at the source"; text(err) != want {
			t.Errorf("error %q, want %q", text(err), want)
		}
		if p.dest.revision() != 1 {
			t.Error("something was written")
		}
	})
}

// A copy whose revision is compacted away under it is begun again, and deletes
// what it had copied and is gone.
func TestCompactedMidCopy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		times int // how often
		want  []string
		err   string
		notes int
	}{
		{"once", 1, []string{"a=1", "d=2"}, "", 1},
		{"always", 1000, nil, "etcdserver: mvcc: required revision has been compacted: at the source", copyTries - 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.source.txn("a=1", "b=1", "c=1", "d=1")
				parts, times := 0, 0
				p.source.before = func(op string) error {
					if op == "range" {
						parts = 0 // a copy begins
					}
					if op == "stream" {
						parts++
					}
					if parts == 2 && times < tt.times {
						times++
						p.source.txn("-b", "-c", fmt.Sprintf("d=%d", times+1))
						p.source.compact()
					}
					return nil
				}
				err := p.once(t, Options{Limits: limits(1)})
				if text(err) != tt.err {
					t.Errorf("error %q, want %q", text(err), tt.err)
				}
				if tt.want != nil {
					same(t, "destination", p.dest.state(), tt.want)
				}
				if len(p.notes) != tt.notes || p.notes[0] != "Revision 2 was compacted away before all of it was copied; copying again" {
					t.Errorf("%d notes %q, want %d", len(p.notes), p.notes, tt.notes)
				}
			})
		})
	}
}

// Errors that waiting can't mend end the mirror, with the side they are from.
func TestRefused(t *testing.T) {
	t.Parallel()
	refuse := func(op string, err error) func(string) error {
		return func(asked string) error {
			if asked == op {
				return err
			}
			return nil
		}
	}
	for _, tt := range []struct {
		name         string
		source, dest func(string) error
		want         string
	}{
		{name: "reading", source: refuse("stream", rpctypes.ErrGRPCPermissionDenied), want: "etcdserver: permission denied: at the source"},
		{name: "counting", source: refuse("range", rpctypes.ErrGRPCPermissionDenied), want: "etcdserver: permission denied: at the source"},
		{name: "writing", dest: refuse("write", rpctypes.ErrGRPCNoSpace), want: "etcdserver: mvcc: database space exceeded: at the destination"},
		{name: "first contact", dest: refuse("range", rpctypes.ErrGRPCInvalidAuthToken), want: "etcdserver: invalid auth token: at the destination"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.source.txn("a=1", "b=1")
				p.source.before, p.dest.before = tt.source, tt.dest
				if err := p.mirror(t, Options{}).Run(t.Context()); text(err) != tt.want {
					t.Errorf("error %q, want %q", text(err), tt.want)
				}
			})
		})
	}
}

// A destination that may not be read can be written to all the same.
func TestWriteOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.source.txn("a=1")
		p.dest.before = func(op string) error {
			if op == "range" {
				return rpctypes.ErrGRPCPermissionDenied
			}
			return nil
		}
		if err := p.once(t, Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, "destination", p.dest.state(), []string{"a=1"})
	})
}

// A cluster that never answers is given up within the time of a request; one
// that is lost during a single copy as well.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		away func(p *pair)
		opts Options
		want string
	}{
		{name: "no source", away: func(p *pair) { p.source.stop() }, want: "context deadline exceeded: at the source"},
		{name: "no destination", away: func(p *pair) { p.dest.stop() }, want: "context deadline exceeded: at the destination"},
		{name: "lost in a copy", opts: Options{Once: true}, want: "etcdserver: request timed out: at the destination",
			away: func(p *pair) {
				p.dest.before = func(op string) error {
					if op == "write" && p.dest.count("write") > 1 {
						return rpctypes.ErrGRPCTimeout
					}
					return nil
				}
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.source.txn("a=1", "b=1", "c=1", "d=1")
				tt.away(p)
				tt.opts.Limits = limits(1)
				start := time.Now()
				err := p.mirror(t, tt.opts).Run(t.Context())
				if text(err) != tt.want {
					t.Errorf("error %q, want %q", text(err), tt.want)
				}
				if took := time.Since(start); took < 5*time.Second || took > 10*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// A destination that takes smaller transactions gets them; a transaction of the
// source that is larger than one may be is split.
func TestSmallTransactions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.dest.maxOps = 3
		p.source.txn("a=1", "b=1", "c=1", "d=1", "e=1", "f=1", "g=1")
		p.run(t, Options{Limits: limits(128)})
		same(t, "first copy", p.dest.state(), []string{"a=1", "b=1", "c=1", "d=1", "e=1", "f=1", "g=1"})
		p.source.txn("a=2", "b=2", "c=2", "-d", "-e", "f=2", "g=2")
		settle(time.Second)
		same(t, "then", p.dest.state(), []string{"a=2", "b=2", "c=2", "f=2", "g=2"})
		p.stop(t)
	})
}

// A destination that is away for long must not fill the memory with what
// happens at the source meanwhile: the watch is ended, and begun again later.
func TestBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.source.txn("k=0")
		p.run(t, Options{})
		p.dest.stop()
		for i := range 5 * maxUpdates {
			p.source.txn(fmt.Sprintf("k=%d", i+1), fmt.Sprintf("k%03d=v", i))
			synctest.Wait()
		}
		settle(time.Minute)
		if n := p.source.count("watch"); n != 1 {
			t.Errorf("%d watches were begun, want 1", n)
		}
		p.dest.start()
		settle(3 * time.Minute)
		if got, want := p.dest.state(), p.source.state(); !slices.Equal(got, want) {
			t.Errorf("%d keys, want %d: %q", len(got), len(want), got)
		}
		if n := p.source.count("watch"); n != 2 {
			t.Errorf("%d watches were begun, want a second one", n)
		}
		p.stop(t)
	})
}
