package mirror

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/keyspace/bulk"
)

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
		{name: "from the first revision is a copy", opts: Options{Rev: 1}, want: []string{"/a/1=x", "/a/2=y", "/b/1=z"}, total: 3},
		{name: "others' keys", before: []string{"/a/0=o", "/a/1=o", "/z=o"},
			want: []string{"/a/0=o", "/a/1=x", "/a/2=y", "/b/1=z", "/z=o"}, total: 3},
		{name: "extra keys", opts: Options{DeleteExtra: true}, before: []string{"/a/0=o", "/a/1=o", "/a/10=o", "/z=o"},
			want: []string{"/a/1=x", "/a/2=y", "/b/1=z"}, total: 6},
		{name: "extra keys below a prefix", opts: Options{Prefix: "/a/", DestPrefix: "/b/", DeleteExtra: true}, before: []string{"/a/9=o", "/b/9=o", "/c=o"},
			want: []string{"/a/9=o", "/b/1=x", "/b/2=y", "/c=o"}, total: 3},
		{name: "only extra keys", opts: Options{Prefix: "/c/", DestPrefix: "/c/", DeleteExtra: true}, before: []string{"/c/1=o", "/c/2=o", "/d=o"},
			want: []string{"/d=o"}, total: 2},
		{name: "one at a time", opts: Options{Limits: bulk.Limits{Ops: 1}}, want: []string{"/a/1=x", "/a/2=y", "/b/1=z"}, total: 3},
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
					if err := p.once(t, tt.opts); text(err) != tt.err {
						t.Errorf("error %q, want %q", text(err), tt.err)
					}
					same(t, "destination", p.dest.state(), tt.want)
					if p.Total() != tt.total {
						t.Errorf("%d changes, want %d", p.Total(), tt.total)
					}
					same(t, "notes", p.said(), nil)
				})
			})
		}
	}
}

// An extra key that another client writes after the list of them was read
// stays, and is not mistaken for the mirror's own.
func TestExtraRewritten(t *testing.T) {
	t.Parallel()
	for _, ops := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t)
			p.source.txn("b=1")
			p.dest.txn("a=old", "c=old", "d=old")
			p.dest.before = func(op string) error {
				if op == "write" && p.dest.count(op) == 1 {
					p.dest.txn("a=new", "d=new")
				}
				return nil
			}
			if err := p.once(t, Options{DeleteExtra: true, Limits: bulk.Limits{Ops: ops}}); err != nil {
				t.Fatal(err)
			}
			same(t, "destination", p.dest.state(), []string{"a=new", "b=1", "d=new"})
		})
	}
}

// A copy whose revision is compacted meanwhile is restarted, and deletes keys
// that it had copied and that no longer exist.
func TestCompactedMidCopy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		times int // how often
		want  []string
		err   string
		notes int
	}{
		{"once", 1, []string{"a=1", "d=2", "e=1", "f=1"}, "", 1},
		{"always", 1000, nil, "etcdserver: mvcc: required revision has been compacted: at the source", copyTries - 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.source.txn("a=1", "b=1", "c=1", "d=1", "e=1", "f=1")
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
				err := p.once(t, Options{Limits: bulk.Limits{Ops: 1}})
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

// Errors that a retry can't mend end the mirror, and name the side they are
// from.
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

// A mirror fails within the time of one request if a cluster never answers, and
// also if one is lost during a single copy.
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
				tt.opts.Limits = bulk.Limits{Ops: 1}
				start := time.Now()
				err := p.mirror(t, tt.opts).Run(t.Context())
				if text(err) != tt.want {
					t.Errorf("error %q, want %q", text(err), tt.want)
				}
				if took := time.Since(start); took < 5*time.Second || took > 15*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}
