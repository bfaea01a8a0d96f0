package live

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/keyspace"
	"etcdkit/keyspace/children"
)

// below returns so many keys in each of the directories of a prefix.
func below(prefix string, dirs, keys int) (names []string) {
	for d := range dirs {
		for k := range keys {
			names = append(names, fmt.Sprintf("%s%03d/%04d", prefix, d, k))
		}
	}
	return names
}

// names lists the children of a prefix.
func names(t *testing.T, r *Source, prefix string) (list []string) {
	t.Helper()
	all, err := children.Of(t.Context(), r, children.Query{Prefix: prefix, Separator: "/"})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	for c, err := range all.Children {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c.Name)
	}
	return list
}

// childrenOf finds the children of a prefix among keys.
func childrenOf(keys []string, prefix string) (list []string) {
	for _, key := range slices.Sorted(slices.Values(keys)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			key = prefix + rest[:i+1]
		}
		if len(list) == 0 || list[len(list)-1] != key {
			list = append(list, key)
		}
	}
	return list
}

// TestSkim lists children with and without range streams, one of which fails in
// its middle.
func TestSkim(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]string{
		"none":        {"/other"},
		"few large":   slices.Concat(below("/", 5, 700), []string{"/000", "/001/", "/zzz"}),
		"many":        below("/", 60, 50),
		"small":       below("/", 300, 3),
		"flat":        below("/a", 1, 900),
		"the highest": {"/\xff\xff/a", "/\xff\xff/b", "/\xff"},
	} {
		keys = slices.Concat(keys, []string{"0", "z"})
		for _, streams := range []bool{false, true} {
			for _, fails := range []int{0, 1, 2} {
				t.Run(fmt.Sprint(name, " ", streams, " ", fails), func(t *testing.T) {
					t.Parallel()
					f := newFake(keys...)
					f.streams = streams
					var lost atomic.Int64
					f.between = func(n int, _ grpc.ServerStream, _ *pb.RangeRequest) error {
						if n == 1 && lost.Add(1) <= int64(fails) {
							return status.Error(codes.Unavailable, "lost")
						}
						return nil
					}
					r := f.reader(t)
					for _, prefix := range []string{"/", "/a000/", "z"} {
						if got, want := names(t, r, prefix), childrenOf(keys, prefix); !slices.Equal(got, want) {
							t.Errorf("%q: %q, want %q", prefix, got, want)
						}
					}
				})
			}
		}
	}
}

// TestSkimDoesNotCount passes large children without counting their keys.
func TestSkimDoesNotCount(t *testing.T) {
	t.Parallel()
	f := newFake(below("/", 5, 5000)...)
	f.streams = true
	if got := names(t, f.reader(t), "/"); len(got) != 5 {
		t.Fatalf("%q", got)
	}
	if f.counted > 1 {
		t.Errorf("%d keys were counted", f.counted)
	}
}

// TestSkimAtOnce hands out the first page before the second one is asked for.
func TestSkimAtOnce(t *testing.T) {
	t.Parallel()
	f := newFake(below("/", 3, 500)...)
	errSecond := errors.New("the second page was asked for")
	f.before = func(n int, _ *pb.RangeRequest) error {
		if n == 2 { // the first asks for a stream, which there is none of
			return errSecond
		}
		return nil
	}
	r := keyspace.Prefix("/")
	r.KeysOnly, r.AtOnce, r.Skip = true, true, func(key []byte) string { return keyspace.After(string(key[:5])) }
	for page, err := range f.reader(t).Pages(t.Context(), r) {
		if err != nil || len(page.KVs) == 0 {
			t.Fatalf("%v: %v", page, err)
		}
		break
	}
}
