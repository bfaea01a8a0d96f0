package usage

import (
	"fmt"
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
