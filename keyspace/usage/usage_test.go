package usage

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	keys := []string{"/a", "/a/1", "/a/b/2", "/a/b/3", "/c//4", "5"}
	for _, tt := range []struct {
		prefix string
		depth  int
		keys   []string
		want   string
	}{
		{"", 0, keys, "/a | +/a/ /a/1 +/a/b/ /a/b/2 /a/b/3 -/a/b/=2 -/a/=3 | +/c/ +/c// /c//4 -/c//=1 -/c/=1 | 5 | =6"},
		{"", 1, keys, "/a | +/a/ -/a/=3 | +/c/ -/c/=1 | 5 | =6"},
		{"", 2, keys, "/a | +/a/ /a/1 +/a/b/ -/a/b/=2 -/a/=3 | +/c/ +/c// -/c//=1 -/c/=1 | 5 | =6"},
		{"/a", 1, keys[:4], "/a /a/1 +/a/b/ -/a/b/=2 =4"},
		{"", 0, nil, "=0"},
	} {
		var got []string
		w := &Walk{Prefix: tt.prefix, Separator: "/", Depth: tt.depth}
		w.Begin = func(n Node) { got = append(got, "+"+n.Name) }
		w.Key = func(n Node, _ string) { got = append(got, n.Name) }
		w.End = func(n Node, _ string) { got = append(got, fmt.Sprintf("-%s=%d", n.Name, n.Sum.Keys)) }
		for _, key := range tt.keys {
			w.Add(&mvccpb.KeyValue{Key: []byte(key), Value: []byte("v"), Version: 2})
		}
		sum := w.Finish().Sum
		got = append(got, fmt.Sprintf("=%d", sum.Keys))
		if want := strings.Fields(strings.ReplaceAll(tt.want, "|", "")); !slices.Equal(got, want) {
			t.Errorf("%q, depth %d:\ngot  %q\nwant %q", tt.prefix, tt.depth, got, want)
		}
		if sum.Versions != 2*sum.Keys || sum.Bytes != int64(len(strings.Join(tt.keys, "v"))+min(1, len(tt.keys))) {
			t.Errorf("%q: %+v", tt.prefix, sum)
		}
	}
}

// The total of a directory is the sum of its directories and its direct keys.
// du omitted the direct keys, and its lines did not add up.
func TestDirectKeysAddUp(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		keys := map[string]int{}
		for range r.IntN(30) {
			key := "/p/"
			for range 1 + r.IntN(4) {
				key += []string{"a", "bb", "/", "c/", "d/"}[r.IntN(5)]
			}
			keys[key] = r.IntN(5)
		}
		below := map[string]Sum{} // of the directories that have ended, by the one that they are in
		w := &Walk{Prefix: "/p/", Separator: "/", Depth: r.IntN(4)}
		check := func(n Node) {
			want := below[n.Name]
			want.add(n.Direct)
			if w.Depth > 0 && n.Depth == w.Depth { // its contents are too deep to be told apart
				want = n.Sum
			}
			var all Sum // of the keys in it, one by one
			for key, size := range keys {
				if strings.HasPrefix(key, n.Name) {
					all.add(Sum{1, int64(len(key) + size), 1})
				}
			}
			if n.Sum != all || want != all {
				t.Fatalf("seed %d, depth %d: %q comes to %+v, its parts to %+v, its keys to %+v", seed, w.Depth, n.Name, n.Sum, want, all)
			}
		}
		w.End = func(n Node, in string) {
			check(n)
			sum := below[in]
			sum.add(n.Sum)
			below[in] = sum
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			w.Add(&mvccpb.KeyValue{Key: []byte(key), Value: make([]byte, keys[key]), Version: 1})
		}
		check(w.Finish())
	}
}

func TestTop(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n    int
		want string
	}{{0, ""}, {1, "a"}, {3, "a c b"}, {4, "a c b e"}, {9, "a c b e d"}} {
		top := &Top{N: tt.n, By: func(s Sum) int64 { return s.Bytes }}
		for name, bytes := range map[string]int64{"a": 9, "b": 5, "c": 7, "d": 1, "e": 3} {
			top.Add(Node{Name: name, Sum: Sum{Bytes: bytes}})
		}
		var got []string
		for _, n := range top.Nodes() {
			got = append(got, n.Name)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%d: got %q, want %q", tt.n, got, tt.want)
		}
	}
}
