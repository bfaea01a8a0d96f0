package mirror

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/keyspace"
	"etcdkit/keyspace/retry"
)

func TestRenaming(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name renaming
		key  string
		want string
		err  string
	}{
		{renaming{"", ""}, "/a/1", "/a/1", ""},
		{renaming{"/a/", "/a/"}, "/a/1", "/a/1", ""},
		{renaming{"/a/", "/b/"}, "/a/a/1", "/b/a/1", ""},
		{renaming{"/a/", ""}, "/a/1", "1", ""},
		{renaming{"", "/b/"}, "1", "/b/1", ""},
		{renaming{"/a/", "/b"}, "/a/", "/b", ""},
		{renaming{"/a/", ""}, "/a/", "", `etcdserver: key is not provided: of "/a/" nothing is left without the prefix`},
	} {
		got, err := tt.name.key([]byte(tt.key))
		if string(got) != tt.want || text(err) != tt.err {
			t.Errorf("%q as %q: %q, %v; want %q, %s", tt.key, tt.name, got, err, tt.want, tt.err)
		}
	}
}

func TestPrefixSpan(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]span{
		"": {"\x00", "\x00"}, "/a/": {"/a/", "/a0"}, "a\xff": {"a\xff", "b"}, "\xff": {"\xff", "\x00"},
	} {
		if got := prefixSpan(prefix); got != want {
			t.Errorf("%q: %q, want %q", prefix, got, want)
		}
	}
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		add  []int64
		want string
	}{
		{nil, "[]"},
		{[]int64{5}, "[{5 5}]"},
		{[]int64{5, 6, 7}, "[{5 7}]"},
		{[]int64{7, 6, 5}, "[{5 7}]"},
		{[]int64{5, 7}, "[{5 5} {7 7}]"},
		{[]int64{5, 7, 6}, "[{5 7}]"},
		{[]int64{5, 6, 6, 5}, "[{5 6}]"},
		{[]int64{9, 5, 7}, "[{5 5} {7 7} {9 9}]"},
		{[]int64{9, 5, 7, 8}, "[{5 5} {7 9}]"},
	} {
		var r revisions
		for _, rev := range tt.add {
			r.add(rev)
		}
		if got := fmt.Sprint(r.runs); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.add, got, tt.want)
		}
		if r.none() != (len(tt.add) == 0) {
			t.Errorf("%v: none is %v", tt.add, r.none())
		}
		for rev := range int64(12) {
			if r.has(rev) != slices.Contains(tt.add, rev) {
				t.Errorf("%v: has %d is %v", tt.add, rev, r.has(rev))
			}
		}
	}
}

// However many writes of others come between, the memory has a bound; the
// newest are known.
func TestRevisionsBound(t *testing.T) {
	t.Parallel()
	var r revisions
	last := int64(4 * maxRuns)
	for rev := int64(0); rev <= last; rev += 2 {
		r.add(rev)
	}
	if len(r.runs) > maxRuns {
		t.Errorf("%d runs, want %d at most", len(r.runs), maxRuns)
	}
	if !r.has(last) || !r.has(last-maxRuns) || r.has(last-1) || r.has(0) {
		t.Error("the newest are to be known, the oldest are not")
	}
}

// walked reads all of a range.
func walked(t *testing.T, e *etcd, prefix string, rev int64) (keys []string, err error) {
	t.Helper()
	span := prefixSpan(prefix)
	again := &retry.Retrier{Timeout: 5 * time.Second}
	again.Succeeded()
	for kvs, err := range (&Mirror{}).parts(t.Context(), e.client(t), again, keyspace.Range{Key: span.key, End: span.end, Rev: rev}) {
		if err != nil {
			return keys, err
		}
		if len(kvs) == 0 {
			t.Error("an empty part")
		}
		for _, kv := range kvs {
			keys = append(keys, string(kv.Key))
		}
	}
	return keys, nil
}

// A range is read whole, from a server with and without the stream, however
// often it is interrupted.
func TestParts(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 700 {
		all = append(all, fmt.Sprintf("k%04d", i))
	}
	for _, noStream := range []bool{false, true} {
		for _, failing := range []bool{false, true} {
			t.Run(fmt.Sprintf("no stream %v, failing %v", noStream, failing), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					e := newEtcd(t)
					e.noStream = noStream
					for i := range all {
						e.txn(all[i]+"=v", fmt.Sprintf("l%04d=v", i))
					}
					e.txn("k=late") // after the revision that is read
					var mu sync.Mutex
					random := rand.New(rand.NewPCG(1, 2))
					e.before = func(string) error {
						mu.Lock()
						defer mu.Unlock()
						if failing && random.IntN(3) == 0 {
							return rpctypes.ErrGRPCLeaderChanged
						}
						return nil
					}
					keys, err := walked(t, e, "k", e.revision()-1)
					if err != nil || !slices.Equal(keys, all) {
						t.Errorf("%d keys, want %d; %v", len(keys), len(all), err)
					}
				})
			})
		}
	}
}

// A stream that stalls is abandoned, and the rest is still read.
func TestStreamStalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEtcd(t)
		e.txn("a=", "b=", "c=", "d=", "e=")
		e.before = func(op string) error {
			if op == "stream" && e.count(op) == 2 {
				time.Sleep(time.Minute)
			}
			return nil
		}
		start := time.Now()
		keys, err := walked(t, e, "", 0)
		if err != nil || strings.Join(keys, "") != "abcde" {
			t.Errorf("%q, %v", keys, err)
		}
		if took := time.Since(start); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("took %v", took)
		}
		time.Sleep(time.Minute) // until the server has noticed
	})
}

// A read without a revision continues when its revision is compacted.
func TestPartsOvertaken(t *testing.T) {
	t.Parallel()
	for _, at := range []int{1, 2, 3} { // the part of the stream before which it is
		synctest.Test(t, func(t *testing.T) {
			e := newEtcd(t)
			e.txn("a=", "b=", "c=", "d=", "e=")
			e.before = func(op string) error {
				if op == "stream" && e.count("stream") == at {
					e.txn("a=", "e=", "f=")
					e.compact()
				}
				return nil
			}
			if keys, err := walked(t, e, "", 0); err != nil || strings.Join(keys, "") != "abcdef" {
				t.Errorf("before part %d: %q, %v", at, keys, err)
			}
			if n := e.count("range"); n != 2 {
				t.Errorf("before part %d: begun %d times, want 2", at, n)
			}
		})
	}
}

func TestExtras(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		dest, source string // one letter for each key
		want         string
	}{
		{"", "", ""},
		{"", "abc", ""},
		{"abc", "", "abc"},
		{"abc", "abc", ""},
		{"abcdefgh", "bdf", "acegh"},
		{"bdf", "abcdefgh", ""},
		{"ac", "bd", "ac"},
		{"bd", "ac", "bd"},
		{"axz", "x", "a"}, // z is not one
	} {
		parts := func(yield func([]*mvccpb.KeyValue, error) bool) {
			for _, k := range tt.dest {
				if !yield([]*mvccpb.KeyValue{{Key: []byte(string(k))}}, nil) {
					return
				}
			}
		}
		next, stop := iter.Pull2(parts)
		defer stop()
		x := &extras{next: next, extra: func(kv *mvccpb.KeyValue) bool { return string(kv.Key) != "z" }}
		var got []string
		found := func(kv *mvccpb.KeyValue) error { got = append(got, string(kv.Key)); return nil }
		for _, k := range tt.source {
			if err := x.before([]byte(string(k)), found); err != nil {
				t.Error(err)
			}
		}
		if err := x.before(nil, found); err != nil || strings.Join(got, "") != tt.want {
			t.Errorf("%q without %q: %q, want %q; %v", tt.dest, tt.source, got, tt.want, err)
		}
	}
}
