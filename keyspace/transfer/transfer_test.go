package transfer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// A write whose answer was lost is found to have happened, and counts as one.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &copying{fake: newFake(), trees: []*Tree{tree(9, Pair{From: "/a", Value: "1"}, Pair{From: "/b", Value: "2"})}}
		c.put("/b", "2", 0)
		c.after = once(errLost)
		got, err := c.run(t)
		want := Summary{Index: 9, Keys: 2, Written: 1, Equal: 1, Verified: &Verification{Equal: 2}}
		same(t, got, err, want, "")
		if state := c.state(); !slices.Equal(state, []string{"/a=1", "/b=2"}) {
			t.Errorf("%q", state)
		}
	})
}

// A key that another client writes between the check and the write is not
// overwritten, whatever the order.
func TestRace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mode  Mode
		state string
		want  Summary
		err   string
	}{
		{Fail, "/a=other /b=2", Summary{Written: 1, Skipped: 1, Conflicts: 1, Verified: &Verification{Equal: 1, Different: 1}},
			"1 keys came to be in v3 with another value or time to live while they were copied"},
		{Skip, "/a=other /b=2", Summary{Written: 1, Skipped: 1, Conflicts: 1, Verified: &Verification{Equal: 1, Kept: 1}}, ""},
		{Overwrite, "/a=1 /b=2", Summary{Written: 2, Conflicts: 1, Verified: &Verification{Equal: 2}}, ""},
	} {
		t.Run(fmt.Sprint(tt.mode), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &copying{fake: newFake(), mode: tt.mode, trees: []*Tree{tree(9, Pair{From: "/a", Value: "1"}, Pair{From: "/b", Value: "2"})}}
				meddled := false
				c.before = func(puts int) error {
					if puts > 0 && !meddled {
						meddled = true
						c.put("/a", "other", 0)
					}
					return nil
				}
				got, err := c.run(t)
				tt.want.Index, tt.want.Keys = 9, 2
				same(t, got, err, tt.want, tt.err)
				if state := strings.Join(c.state(), " "); state != tt.state {
					t.Errorf("%q", state)
				}
			})
		})
	}
}

// The copy gives up on a key that changes again and again.
func TestRestless(t *testing.T) {
	t.Parallel()
	c := &copying{fake: newFake(), mode: Overwrite, trees: []*Tree{tree(9, Pair{From: "/a", Value: "1"})}}
	c.before = func(puts int) error {
		if puts > 0 {
			c.put("/a", "other", 0)
		}
		return nil
	}
	got, err := c.run(t)
	same(t, got, err, Summary{Index: 9, Keys: 1, Left: 1}, `"/a" and what follows changes in v3 while it is written`)
}

// Leases: keys that end in the same second share one, a lease that v3 has lost
// is granted again, an expired key is not written, and the remaining time is
// right within a few seconds.
func TestLeases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		in := func(d time.Duration) time.Time { return now.Add(d) }
		first := tree(9,
			Pair{From: "/a", Value: "1", Until: in(time.Minute)}, Pair{From: "/b", Value: "1", Until: in(time.Minute)},
			Pair{From: "/c", Value: "1", Until: in(time.Hour)}, Pair{From: "/d", Value: "1", Until: now},
			Pair{From: "/e", Value: "1", Until: in(time.Minute)}, Pair{From: "/f", Value: "1"})
		second := tree(9, slices.Concat(first.Pairs[:3], first.Pairs[4:])...)
		c := &copying{fake: newFake(), mode: Overwrite, trees: []*Tree{first, second}}
		c.AddLease(100)
		c.AddLease(101)
		c.leases[100], c.leases[101] = in(64*time.Second), in(time.Hour)
		c.put("/e", "1", 100) // near enough
		c.put("/f", "1", 101) // would end
		c.before = once(rpctypes.ErrLeaseNotFound)
		got, err := c.run(t)
		same(t, got, err, Summary{Index: 9, Keys: 6, Written: 4, Equal: 1, Expired: 1, Conflicts: 1, Verified: &Verification{Equal: 5, Expired: 1}}, "")
		if state, want := c.state(), []string{"/a=1@4", "/b=1@4", "/c=1@5", "/e=1@100", "/f=1"}; !slices.Equal(state, want) {
			t.Errorf("%q, want %q", state, want)
		}
		rev := c.Rev()
		c.trees, c.reads = []*Tree{second}, 0
		if got, err = c.run(t); err != nil || got.Written != 0 || got.Equal != 5 || len(c.leases) != 6 {
			t.Errorf("again: %+v, %v, %d leases", got, err, len(c.leases))
		}
		for _, kv := range c.Keys() {
			if kv.ModRevision > rev {
				t.Errorf("%s was written again", kv.Key)
			}
		}
	})
}

// Changes in v2 during the copy are distinguished from differences in v3.
func TestVerify(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		soon := time.Now().Add(2 * time.Second)
		first := tree(9, Pair{From: "/changed", Value: "1", Modified: 3}, Pair{From: "/deleted", Value: "1", Modified: 4},
			Pair{From: "/ends", Value: "1", Until: soon, Modified: 5}, Pair{From: "/same", Value: "1", Modified: 6}, Pair{From: "/spoilt", Value: "1", Modified: 7})
		second := tree(12, Pair{From: "/changed", Value: "2", Modified: 10}, Pair{From: "/new", Value: "1", Modified: 11},
			Pair{From: "/same", Value: "1", Modified: 6}, Pair{From: "/spoilt", Value: "1", Modified: 7})
		c := &copying{fake: newFake(), trees: []*Tree{first, second}}
		c.after = func(puts int) error {
			if puts > 0 {
				c.put("/spoilt", "other", 0)
			}
			return nil
		}
		got, err := c.run(t)
		want := Summary{Index: 9, Keys: 5, Written: 5, Verified: &Verification{Equal: 1, Different: 1, Changed: 3, Expired: 1}}
		same(t, got, err, want, "1 of 5 keys are not in v3 as they are in v2")
		if notes := []string{`Not in v3 as in v2: "/spoilt"`,
			"3 keys have changed in v2 since it was read at index 9; a run with --on-conflict overwrite brings them to v3"}; !slices.Equal(c.notes, notes) {
			t.Errorf("%q", c.notes)
		}
	})
}

// many is a tree of n keys.
func many(index uint64, n int) *Tree {
	var pairs []Pair
	for i := range n {
		pairs = append(pairs, Pair{From: fmt.Sprintf("/k%05d", i), Value: "1", Modified: 2})
	}
	return tree(index, pairs...)
}

// An interrupted run is resumed at its recorded position; of the keys already
// handled, only those that have changed since are checked.
func TestResume(t *testing.T) {
	t.Parallel()
	const keys = 3 * batchOps * inFlight
	file := filepath.Join(t.TempDir(), "state")
	c := &copying{fake: newFake(), mode: Overwrite, trees: []*Tree{many(9, keys)}, file: file}
	c.before = func(puts int) error {
		if puts > 0 && len(c.state()) >= keys/2 {
			return errTest
		}
		return nil
	}
	got, err := c.run(t)
	if !errors.Is(err, errTest) || got.Written < keys/3 || got.Left == 0 {
		t.Fatalf("%+v, %v", got, err)
	}

	c.before, c.reads = nil, 0
	now := many(10, keys)
	now.Pairs[5].Value, now.Pairs[5].Modified = "2", 10
	c.trees = []*Tree{now}
	got, err = c.run(t)
	if err != nil || got.Before < keys/3-1 || got.Before+got.Written+got.Equal != keys || got.Verified.Equal != keys {
		t.Errorf("%+v, %+v, %v", got, got.Verified, err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("resume file: %v", err)
	}
}

func TestResumeFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ content, want string }{
		{"", " is no resume file: unexpected end of JSON input"},
		{"{}", " is of another copy: delete it to begin anew"},
		{`{"cluster":"c","prefix":"/","dest_prefix":"x","index":1,"key":"/k"}`, " is of another copy: delete it to begin anew"},
		{`{"cluster":"c","prefix":"/","dest_prefix":"","index":10,"key":"/k"}`, " is of another copy: delete it to begin anew"},
		{`{"cluster":"c","dest_cluster":"e","prefix":"/","on_conflict":"fail","index":1,"key":"/k"}`,
			" is of a copy to another cluster, e: delete it to begin anew"},
		{`{"cluster":"c","dest_cluster":"d","prefix":"/","on_conflict":"skip","index":1,"key":"/k"}`,
			" is of a copy with --on-conflict skip: give that again, or delete it to begin anew"},
		{`{"cluster":"c","dest_cluster":"d","prefix":"/","hidden":["/_a","/_b"],"on_conflict":"fail","index":1,"key":"/k"}`,
			" is of a copy with other --hidden, [\"/_a\" \"/_b\"]: give the same again, or delete it to begin anew"},
	} {
		file := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(file, []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &copying{fake: newFake(), trees: []*Tree{many(9, 1)}, file: file}
		if _, err := c.run(t); text(err) != file+tt.want {
			t.Errorf("%q: %v", tt.content, err)
		}
		if b, err := os.ReadFile(file); err != nil || string(b) != tt.content {
			t.Errorf("%q became %q, %v", tt.content, b, err)
		}
		if len(c.state()) > 0 {
			t.Error("was written to")
		}
	}
	c := &copying{fake: newFake(), trees: []*Tree{many(9, 1)}, file: filepath.Join(t.TempDir(), "no", "state")}
	if _, err := c.run(t); !errors.Is(err, os.ErrNotExist) || len(c.state()) > 0 {
		t.Errorf("%v, %q", err, c.state())
	}
}

// same compares a summary and an error with those that are wanted.
func same(t *testing.T, got Summary, err error, want Summary, wantErr string) {
	t.Helper()
	if text(err) != wantErr {
		t.Errorf("error %q, want %q", text(err), wantErr)
	}
	v, w := got.Verified, want.Verified
	if (v == nil) != (w == nil) || v != nil && *v != *w {
		t.Errorf("verified %+v, want %+v", v, w)
	}
	got.Verified, want.Verified = nil, nil
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
