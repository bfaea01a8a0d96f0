package diff

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/keyspace"
)

// store is a keyspace in memory, in pages of two keys.
type store struct {
	keyspace.Source
	pairs map[string]string
	fail  int // after so many pages; 0 never
}

var errStore = errors.New("the store failed")

func (s store) Pages(_ context.Context, r keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	return func(yield func(*keyspace.Page, error) bool) {
		page, n := &keyspace.Page{}, 0
		for _, key := range slices.Sorted(maps.Keys(s.pairs)) {
			if key < r.Key || r.End != "\x00" && key >= r.End {
				continue
			}
			page.KVs = append(page.KVs, &mvccpb.KeyValue{Key: []byte(key), Value: []byte(s.pairs[key])})
			if len(page.KVs) == 2 {
				if n++; n == s.fail {
					yield(nil, errStore)
					return
				}
				if !yield(page, nil) {
					return
				}
				page = &keyspace.Page{}
			}
		}
		yield(page, nil)
	}
}

// list returns differences as lines such as "~ key old new".
func list(older, newer Side) (lines []string, err error) {
	for c, err := range Between(context.Background(), older, newer) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s", c.Kind(), c.Key(), c.Old.GetValue(), c.New.GetValue()))
	}
	return lines, nil
}

// Random keyspaces differ as two maps do.
func TestBetweenAgainstMaps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		fill := func(prefix string) map[string]string {
			m := map[string]string{"a": "outside", "z": "outside"}
			for range r.IntN(9) {
				m[prefix+string(rune('a'+r.IntN(6)))] = string(rune('0' + r.IntN(2)))
			}
			m[prefix+"b\x00etcdkit-fence-0123456789abcdef0123456789abcdef-1"] = fmt.Sprint(seed)
			return m
		}
		p, q := "k/", "k/"
		if r.IntN(2) == 0 {
			q = "longer/"
		}
		a, b := fill(p), fill(q)
		var want []string
		for c := 'a'; c < 'g'; c++ {
			x, old := a[p+string(c)]
			y, in := b[q+string(c)]
			switch {
			case old && !in:
				want = append(want, fmt.Sprintf("removed %s%c %s ", p, c, x))
			case in && !old:
				want = append(want, fmt.Sprintf("added %s%c  %s", q, c, y))
			case old && x != y:
				want = append(want, fmt.Sprintf("changed %s%c %s %s", q, c, x, y))
			}
		}
		got, err := list(Side{Source: store{pairs: a}, Prefix: p}, Side{Source: store{pairs: b}, Prefix: q})
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("seed %d: %q, %v\nwant %q", seed, got, err, want)
		}
	}
}

// What one side fails with ends the differences, whichever it is.
func TestBetweenFails(t *testing.T) {
	t.Parallel()
	pairs := map[string]string{"a": "", "b": "", "c": "", "d": "", "e": ""}
	good, bad := Side{Source: store{pairs: pairs}}, Side{Source: store{pairs: pairs, fail: 2}}
	for i, sides := range [][2]Side{{good, bad}, {bad, good}, {bad, bad}} {
		if got, err := list(sides[0], sides[1]); !errors.Is(err, errStore) || len(got) > 0 {
			t.Errorf("%d: %q, %v", i, got, err)
		}
	}
	for range Between(t.Context(), Side{Source: store{pairs: pairs}}, Side{Source: store{pairs: map[string]string{}}}) {
		break // the rest is not read
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	many := func(change string) string {
		var b strings.Builder
		for i := range 20 {
			if i == 10 {
				b.WriteString(change)
			}
			fmt.Fprintf(&b, "line %d\n", i)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, older, newer, want string }{
		{"equal", "a", "a", ""},
		{"word", "on", "off", "@@ -1 +1 @@\n-on\n+off\n"},
		{"to empty", "on", "", "@@ -1 +0,0 @@\n-on\n"},
		{"JSON", `{"a":1,"b":[1,2]}`, `{"a":2,"b":[1,2]}`, "@@ -1,5 +1,5 @@\n {\n-  \"a\": 1,\n+  \"a\": 2,\n   \"b\": [\n     1,\n     2\n"},
		{"JSON written otherwise", `{"a":1}`, `{ "a": 1 }`, "-7 bytes\n+10 bytes\n"},
		{"JSON to text", `{"a":1}`, "x", "@@ -1 +1 @@\n-{\"a\":1}\n+x\n"},
		{"context", many(""), many("new\n"), "@@ -8,6 +8,7 @@\n line 7\n line 8\n line 9\n+new\n line 10\n line 11\n line 12\n"},
		{"last line end", "a\n", "a", "-2 bytes\n+1 bytes\n"},
		{"bytes", "\x00\x01", "\x00\x02", "@@ -1 +1 @@\n-0001\n+0002\n"},
		{"escape", "a", "\x1b[2J", "@@ -1 +1 @@\n-61\n+1b5b324a\n"},
		{"long", strings.Repeat("x", maxValue+1), "y", "-1048577 bytes\n+1 bytes\n"},
	} {
		if got := Values([]byte(tt.older), []byte(tt.newer)); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// However two values look, the difference is text without control characters,
// and there is one unless they are equal.
func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte("{}\n"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		got := Values(a, b)
		if (got == "") != (string(a) == string(b)) || !isText([]byte(got)) {
			t.Errorf("%q %q: %q", a, b, got)
		}
	})
}
