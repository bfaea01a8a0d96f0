package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"etcdkit/keyspace/bulk"
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
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	o.Note = func(text string) {
		p.mu.Lock()
		p.notes = append(p.notes, text)
		p.mu.Unlock()
		p.dest.mu.Lock()
		defer p.dest.mu.Unlock()
		p.dest.wake()
	}
	p.Mirror = New(Cluster{p.source.client(t), plain}, Cluster{p.dest.client(t), plain}, o)
	t.Cleanup(func() { p.fence.Close(context.WithoutCancel(t.Context())) })
	return p.Mirror
}

// once mirrors the keys that exist.
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
}

// stop ends a mirror, which must be running.
func (p *pair) stop(t *testing.T) {
	t.Helper()
	p.end(errInterrupt)
	if err := <-p.ended; !errors.Is(err, errInterrupt) {
		t.Errorf("the mirror ended with %v, want the cause", err)
	}
}

// said returns the notes.
func (p *pair) said() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.notes)
}

// awaitNotes waits for so many notes.
func (p *pair) awaitNotes(t *testing.T, n int) {
	t.Helper()
	p.dest.await(t, "a note", func() bool { return len(p.said()) >= n })
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

// With a revision there is no copy: the events since then are applied.
func TestFromRevision(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		opts  Options
		want  []string
		total int64
	}{
		{name: "everything", opts: Options{Rev: 4}, want: []string{"/a/1=x", "/b/1=z"}, total: 6},
		{name: "with a prefix", opts: Options{Rev: 5, Prefix: "/a/", DestPrefix: "/a/"}, want: []string{"/a/1=x"}, total: 2},
		{name: "renamed", opts: Options{Rev: 5, Prefix: "/a/", DestPrefix: "/c/"}, want: []string{"/c/1=x"}, total: 2},
		{name: "without the prefix", opts: Options{Rev: 5, Prefix: "/a/"}, want: []string{"1=x"}, total: 2},
		{name: "the current one", opts: Options{Rev: 8}, total: 1},
		{name: "the next one", opts: Options{Rev: 9}},
		{name: "the future", opts: Options{Rev: 100}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.source.txn("/a/1=x", "/a/2=old") // revision 2
			p.source.txn("/a/2=y", "/b/1=z", "/c=gone")
			p.source.txn("-/c")           // 4
			p.source.txn("/a/1=x2")       // 5
			p.source.txn("/a/1=x")        // 6
			p.source.txn("/b/1=z", "/x=") // 7
			p.source.txn("-/x")           // 8
			if err := p.once(t, tt.opts); err != nil {
				t.Fatal(err)
			}
			same(t, "destination", p.dest.state(), tt.want)
			if p.Total() != tt.total {
				t.Errorf("%d changes, want %d", p.Total(), tt.total)
			}
		})
	}
}

// What happens is made at the destination in the transactions of the source,
// and nothing twice.
func TestFollow(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.source.txn("/a/1=x", "/z=not ours")
	p.run(t, Options{Prefix: "/a/", DestPrefix: "/b/", Timeout: time.Hour})
	p.dest.awaitState(t, "/b/1=x")
	p.source.txn("/a/2=y", "/a/3=z", "/y=not ours")
	p.dest.awaitState(t, "/b/1=x", "/b/2=y", "/b/3=z")
	p.source.txn("/x=not ours")
	p.source.txn("-/a/1", "/a/3=z2")
	p.dest.awaitState(t, "/b/2=y", "/b/3=z2")
	if got := p.dest.revision(); got != 5 {
		t.Errorf("the destination is at revision %d, want a fence and 3 transactions after 1", got)
	}
	p.stop(t)
	if p.Total() != 5 {
		t.Errorf("%d changes, want 5", p.Total())
	}
	same(t, "notes", p.said(), nil)
}

// Either cluster may be unreachable for any time: the mirror then catches up.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	t.Run("source", func(t *testing.T) {
		t.Parallel()
		p := newPair(t)
		p.source.txn("a=1", "b=1")
		p.run(t, Options{})
		p.dest.awaitState(t, "a=1", "b=1")
		p.source.stop()
		p.source.txn("a=2")
		p.source.txn("-b", "c=1")
		p.source.start()
		p.dest.awaitState(t, "a=2", "c=1")
		p.source.txn("a=3")
		p.dest.awaitState(t, "a=3", "c=1")
		p.stop(t)
	})
	t.Run("destination", func(t *testing.T) {
		t.Parallel()
		p := newPair(t)
		p.source.txn("a=1", "b=1")
		p.run(t, Options{Timeout: time.Second})
		p.dest.awaitState(t, "a=1", "b=1")
		p.dest.stop()
		p.source.txn("a=2")
		p.source.txn("-b", "c=1")
		p.awaitNotes(t, 1)
		same(t, "meanwhile", p.dest.state(), []string{"a=1", "b=1"})
		p.dest.start()
		p.dest.awaitState(t, "a=2", "c=1")
		p.source.txn("a=3")
		p.dest.awaitState(t, "a=3", "c=1")
		// On a slow machine there may be more than one outage.
		p.dest.await(t, "the end of the outage", func() bool {
			got := p.said()
			return len(got)%2 == 0 && got[len(got)-1] == "The destination has answered again"
		})
		p.stop(t)
	})
}

// A source that was compacted while it was unreachable is copied again; keys
// that the mirror had written and that no longer exist are deleted, and keys
// written by others stay.
func TestCompactedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		deleteExtra bool
		want        []string
	}{
		{false, []string{"0=others", "a=1", "bb=others", "c=2", "d=others", "f=others", "g=1"}},
		{true, []string{"a=1", "c=2", "g=1"}},
	} {
		t.Run(fmt.Sprintf("delete extra %v", tt.deleteExtra), func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.source.txn("a=1", "b=1", "c=1")
			p.run(t, Options{DeleteExtra: tt.deleteExtra, Timeout: time.Hour})
			p.dest.awaitState(t, "a=1", "b=1", "c=1")
			p.dest.txn("0=others", "bb=others", "d=others")
			p.source.txn("e=1")
			p.dest.awaitState(t, "0=others", "a=1", "b=1", "bb=others", "c=1", "d=others", "e=1")
			p.dest.txn("f=others")
			p.source.stop()
			p.source.txn("-b", "c=2")
			p.source.txn("g=1", "-e")
			p.source.compact()
			p.source.start()
			p.dest.awaitState(t, tt.want...)
			p.source.txn("a=3", "-c", "-g")
			p.dest.await(t, "the mirror to go on", func() bool { return slices.Contains(p.dest.state(), "a=3") })
			p.stop(t)
			same(t, "notes", p.said(), []string{"What came after revision 3 was compacted away before it was mirrored; copying all keys again"})
		})
	}
}

// A revision that is already compacted at the start is an error, as in
// upstream.
func TestCompactedBefore(t *testing.T) {
	t.Parallel()
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
}

// A destination that takes smaller transactions gets them; a transaction of the
// source that is larger than one may be is split.
func TestSmallTransactions(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.dest.maxOps = 3
	p.source.txn("a=1", "b=1", "c=1", "d=1", "e=1", "f=1", "g=1")
	p.run(t, Options{Limits: bulk.Limits{Ops: 128}})
	p.dest.awaitState(t, "a=1", "b=1", "c=1", "d=1", "e=1", "f=1", "g=1")
	p.source.txn("a=2", "b=2", "c=2", "-d", "-e", "f=2", "g=2")
	p.dest.awaitState(t, "a=2", "b=2", "c=2", "f=2", "g=2")
	p.stop(t)
}

// A destination that is unreachable for long must not fill the memory with
// events of the source: the watch is ended, and started again later.
func TestBacklog(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.source.txn("k=0")
	p.run(t, Options{Timeout: time.Second})
	p.source.await(t, "the watch", func() bool { return p.source.count("watch") == 1 })
	p.dest.stop()
	for i := range 5 * maxUpdates {
		p.source.txn(fmt.Sprintf("k=%d", i+1), fmt.Sprintf("k%03d=v", i))
	}
	p.source.await(t, "the end of the watch", func() bool { return p.source.count("unwatch") == 1 })
	if n := p.source.count("watch"); n != 1 {
		t.Errorf("%d watches were begun, want 1", n)
	}
	p.dest.start()
	p.dest.awaitState(t, p.source.state()...)
	if n := p.source.count("watch"); n < 2 {
		t.Errorf("%d watches were begun, want a second one", n)
	}
	p.stop(t)
}
