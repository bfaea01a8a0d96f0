package transfer

import (
	"reflect"
	"strings"
	"testing"
	"time"

	client "go.etcd.io/etcd/client/v2"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ from, to, key, want string }{
		{"/", "", "/a/b", "/a/b"},
		{"/", "/", "/a/b", "/a/b"},
		{"/", "/v2", "/a/b", "/v2/a/b"},
		{"/", "v2/", "/a/b", "v2/a/b"},
		{"/a", "/a", "/a/b", "/a/b"},
		{"/a", "", "/a/b", "/b"},
		{"/a", "/c/", "/a/b/c", "/c/b/c"},
		{"/a", "c", "/a/b", "c/b"},
		{"/a/b", "c", "/a/b", "c"},
	} {
		if got := (Names{tt.from, tt.to}).of(tt.key); got != tt.want {
			t.Errorf("%q below %q, to %q: %q, want %q", tt.key, tt.from, tt.to, got, tt.want)
		}
	}
}

// A key expires with the first of its directories; directories are counted.
func TestTree(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ends := &at // by v2's clock, which is not used here
	root := &client.Node{Dir: true, Nodes: client.Nodes{
		{Key: "/d", Dir: true, TTL: 50, Expiration: ends, Nodes: client.Nodes{
			{Key: "/d/later", Value: "1", TTL: 60, Expiration: ends},
			{Key: "/d/sooner", Value: "2", TTL: 40, Expiration: ends},
			{Key: "/d/key", Value: "3", ModifiedIndex: 7},
			{Key: "/d/empty", Dir: true},
		}},
		{Key: "/bytes", Value: "\uFFFD"},
	}}
	var got Tree
	got.Add(root, Names{From: "/", To: "/x"}, at, time.Time{})
	got.Add(root.Nodes[1], Names{From: "/", To: "/x"}, at, time.Time{})
	got.Sort()
	in := func(seconds int) time.Time { return at.Add(time.Duration(seconds) * time.Second) }
	want := Tree{Dirs: 2, Empty: 1, Unclear: 2, Pairs: []Pair{
		{From: "/bytes", Key: "/x/bytes", Value: "\uFFFD"},
		{"/d/key", "/x/d/key", "3", in(50), 7},
		{"/d/later", "/x/d/later", "1", in(50), 0},
		{"/d/sooner", "/x/d/sooner", "2", in(40), 0},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	pair := func(bytes int) Pair { return Pair{Value: strings.Repeat("x", bytes)} }
	pairs := []Pair{pair(2 * batchBytes), pair(batchBytes), pair(0), pair(1)}
	for range 2 * batchOps {
		pairs = append(pairs, pair(1))
	}
	var got []int
	for _, b := range batches(pairs) {
		got = append(got, len(b))
	}
	if want := []int{1, 2, batchOps, batchOps, 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("%d, want %d", got, want)
	}
}
