package children

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
)

// memory is a source of keys that skips keys when allowed to.
type memory struct {
	keyspace.Source
	keys []string
	err  error // after them
}

func (m memory) Pages(_ context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	return keyspace.Select(keyspace.Head{Revision: 7}, r, func(yield func(*mvccpb.KeyValue, error) bool) {
		from := r.Key
		for _, key := range m.keys {
			if key < from || r.End != "\x00" && key >= r.End {
				continue
			}
			if next := r.Skip([]byte(key)); next > key {
				from = next
			}
			if !yield(&mvccpb.KeyValue{Key: []byte(key)}, nil) {
				return
			}
		}
		if m.err != nil {
			yield(nil, m.err)
		}
	})
}

func TestChildren(t *testing.T) {
	t.Parallel()
	keys := []string{"/a", "/a/1", "/a/b/2", "/a/b/3", "/c//4", "5", "\xff\xff/x", "\xff\xff/y"}
	for _, tt := range []struct{ prefix, separator, want string }{
		{"", "/", "/a /a/ /c/ 5 \xff\xff/"}, {"/a", "/", "/a /a/1 /a/b/"}, {"/a/", "/", "/a/1 /a/b/"}, {"/c/", "/", "/c//4"}, {"nothing", "/", ""}, {"", "//", "/a /a/1 /a/b/2 /a/b/3 /c// 5 \xff\xff/x \xff\xff/y"},
	} {
		list, err := Of(t.Context(), memory{keys: keys}, Query{Prefix: tt.prefix, Separator: tt.separator})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for c, err := range list.Children {
			if err != nil || c.Dir != strings.HasSuffix(c.Name, tt.separator) {
				t.Errorf("%q: %+v, %v", tt.prefix, c, err)
			}
			got = append(got, c.Name)
		}
		list.Close()
		if !slices.Equal(got, strings.Fields(tt.want)) || list.Head.Revision != 7 {
			t.Errorf("%q: got %q, want %q, at revision %d", tt.prefix, got, tt.want, list.Head.Revision)
		}
	}
}

func TestChildrenFail(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if _, err := Of(t.Context(), memory{err: broken}, Query{Separator: "/"}); !errors.Is(err, broken) {
		t.Error(err)
	}
}
