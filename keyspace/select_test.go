package keyspace

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// each yields copies of pairs, and then an error unless it is nil.
func each(kvs []*mvccpb.KeyValue, err error) iter.Seq2[*mvccpb.KeyValue, error] {
	return func(yield func(*mvccpb.KeyValue, error) bool) {
		for _, kv := range kvs {
			if !yield(proto.CloneOf(kv), nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// random returns pairs in the order of their keys whose other fields are often
// equal.
func random(r *rand.Rand) []*mvccpb.KeyValue {
	kvs := make([]*mvccpb.KeyValue, r.IntN(12))
	for i := range kvs {
		kvs[i] = &mvccpb.KeyValue{
			Key: fmt.Appendf(nil, "k%02d", i), Value: []byte{byte('a' + r.IntN(3))},
			Version: r.Int64N(3), CreateRevision: 1 + r.Int64N(4), ModRevision: 1 + r.Int64N(4),
		}
	}
	return kvs
}

// field returns the field that a sort compares.
func field(by SortBy, kv *mvccpb.KeyValue) string {
	return []string{
		ByKey: string(kv.Key), ByValue: string(kv.Value), ByVersion: fmt.Sprint(kv.Version),
		ByCreate: fmt.Sprint(kv.CreateRevision), ByMod: fmt.Sprint(kv.ModRevision),
	}[by]
}

// model is the answer in the plainest way: filter, sort by swapping neighbours,
// cut, strip.
func model(r Range, kvs []*mvccpb.KeyValue) *Page {
	page := &Page{Count: int64(len(kvs))}
	if r.CountOnly {
		return page
	}
	f := r.Filter
	for _, kv := range kvs {
		if kv.CreateRevision >= f.MinCreate && (f.MaxCreate == 0 || kv.CreateRevision <= f.MaxCreate) &&
			kv.ModRevision >= f.MinMod && (f.MaxMod == 0 || kv.ModRevision <= f.MaxMod) {
			page.KVs = append(page.KVs, proto.CloneOf(kv))
		}
	}
	if n := int(r.Limit) + 1; n > 1 && len(page.KVs) > n && r.Sort.Order == Unordered && r.Sort.By != ByKey && f == (Filter{}) {
		page.KVs = page.KVs[:n]
	}
	for range page.KVs {
		for i := 1; i < len(page.KVs); i++ {
			a, b := field(r.Sort.By, page.KVs[i-1]), field(r.Sort.By, page.KVs[i])
			if r.Sort.Order != Descending && a > b || r.Sort.Order == Descending && a < b {
				page.KVs[i-1], page.KVs[i] = page.KVs[i], page.KVs[i-1]
			}
		}
	}
	if n := int(r.Limit); n > 0 && len(page.KVs) > n {
		page.KVs, page.More = page.KVs[:n], true
	}
	for _, kv := range page.KVs {
		if r.KeysOnly {
			kv.Value = nil
		}
	}
	return page
}

// Select answers as the model does, whatever is asked for together.
func TestSelectAgainstAModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		bound := func() int64 { return max(0, r.Int64N(8)-3) }
		kvs, g := random(r), Range{
			Limit: max(0, r.Int64N(16)-4), KeysOnly: r.IntN(3) == 0, CountOnly: r.IntN(8) == 0,
			Filter: Filter{MinCreate: bound(), MaxCreate: bound(), MinMod: bound(), MaxMod: bound()},
			Sort:   Sort{By: SortBy(r.IntN(5)), Order: Order(r.IntN(3))},
		}
		if r.IntN(2) == 0 {
			g.Filter = Filter{}
		}
		head, want := Head{Revision: 9}, model(g, kvs)
		for page, err := range Select(head, g, each(kvs, nil)) {
			same := slices.EqualFunc(page.KVs, want.KVs, func(a, b *mvccpb.KeyValue) bool { return proto.Equal(a, b) })
			if err != nil || !same || page.More != want.More || page.Count != want.Count || page.Head != head {
				t.Fatalf("seed %d: %+v of %v\ngot  %+v, %v\nwant %+v", seed, g, kvs, page, err, want)
			}
		}
	}
}

// large returns pairs that fill several pages.
func large() []*mvccpb.KeyValue {
	kvs := make([]*mvccpb.KeyValue, 35)
	for i := range kvs {
		kvs[i] = &mvccpb.KeyValue{Key: fmt.Appendf(nil, "k%02d", i), Value: bytes.Repeat([]byte{byte(i)}, pageBytes/10)}
	}
	return kvs
}

// A large range comes in pages; the last one has the fields of the whole range.
func TestSelectPages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		r     Range
		pages int
		pairs int
	}{
		{"all", Range{}, 4, 35},
		{"limited", Range{Limit: 20}, 3, 20}, // the end of the second page is only known with the next pair
		{"keys", Range{KeysOnly: true}, 4, 35},
		{"sorted", Range{Sort: Sort{By: ByValue, Order: Descending}}, 1, 35},
		{"counted", Range{CountOnly: true}, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var pages, pairs int
			var last *Page
			for page, err := range Select(Head{}, tt.r, each(large(), nil)) {
				if err != nil {
					t.Fatal(err)
				}
				pages, pairs, last = pages+1, pairs+len(page.KVs), page
			}
			if pages != tt.pages || pairs != tt.pairs || last.Count != 35 || last.More != (tt.r.Limit > 0) {
				t.Errorf("%d pairs in %d pages, the last with count %d, more %v", pairs, pages, last.Count, last.More)
			}
		})
	}
}

// An error says how far the pages before it went, if there were any.
func TestSelectFails(t *testing.T) {
	t.Parallel()
	torn := errors.New("torn")
	for _, tt := range []struct {
		name string
		r    Range
		n    int
		want string
	}{
		{"before a page", Range{}, 5, "torn"},
		{"after a page", Range{}, 15, `torn; all keys up to "k14" at revision 7 were read`},
		{"at a revision", Range{Rev: 3}, 15, `torn; all keys up to "k14" at revision 3 were read`},
		{"sorted", Range{Sort: Sort{By: ByMod}}, 15, "torn"},
	} {
		var got error
		for _, err := range Select(Head{Revision: 7}, tt.r, each(large()[:tt.n], torn)) {
			got = cmp.Or(got, err)
		}
		if !errors.Is(got, torn) || got.Error() != tt.want || Unbroken(got) != torn { //nolint:errorlint // that very error
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// Nothing is read any more when the caller has enough.
func TestSelectIsLeft(t *testing.T) {
	t.Parallel()
	read := 0
	counted := func(yield func(*mvccpb.KeyValue, error) bool) {
		for kv, err := range each(large(), nil) {
			if read++; !yield(kv, err) {
				return
			}
		}
	}
	for range Select(Head{}, Range{}, counted) {
		break
	}
	if read != 10 {
		t.Errorf("%d pairs were read for a page of 10", read)
	}
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]Range{
		"": {Key: "\x00", End: "\x00"}, "a": {Key: "a", End: "b"}, "a\xff": {Key: "a\xff", End: "b"},
		"\xff\xff": {Key: "\xff\xff", End: "\x00"},
	} {
		if got := Prefix(prefix); got.Key != want.Key || got.End != want.End {
			t.Errorf("%q: %q to %q, want %q to %q", prefix, got.Key, got.End, want.Key, want.End)
		}
	}
	if got := After("\xff"); got != "" {
		t.Errorf("a key %q after all", got)
	}
}
