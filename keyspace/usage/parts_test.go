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

// divide returns the parts of keys with values of these sizes.
func divide(keys map[string]int, width, height int) Part {
	w, p := &Walk{Separator: "/", Depth: 8}, &Parts{Width: width, Height: height}
	w.Divide(p)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		w.Add(&mvccpb.KeyValue{Key: []byte(key), Value: make([]byte, keys[key]), Version: 1})
	}
	return p.Of(w.Finish())
}

// text writes a part in a line: name=bytes, its parts in brackets, and +bytes for
// the rest.
func (p Part) text() string {
	s := fmt.Sprintf("%s=%d", p.Name, p.Sum.Bytes)
	if len(p.Parts) == 0 {
		return s
	}
	var all []string
	for _, one := range p.Parts {
		all = append(all, one.text())
	}
	if p.Rest.Bytes > 0 {
		all = append(all, fmt.Sprintf("+%d", p.Rest.Bytes))
	}
	return s + "[" + strings.Join(all, " ") + "]"
}

func TestParts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		keys          map[string]int
		width, height int
		want          string
	}{
		{"nothing", nil, 3, 2, "=0"},
		{"one key", map[string]int{"/a/b/c": 4}, 3, 2, "/a/b/c=10"},
		{"directories that are alone are left out", map[string]int{"/a/b/c": 4, "/a/b/d": 14}, 3, 2, "/a/b/=30[/a/b/d=20 /a/b/c=10]"},
		{"the largest", map[string]int{"a": 9, "b": 8, "c": 7, "d": 6}, 2, 2, "=34[a=10 b=9 +15]"},
		{"of directories", map[string]int{"x/1": 7, "x/2": 7, "y": 5, "z": 0}, 2, 2, "=27[x/=20[x/1=10 x/2=10] y=6 +1]"},
		{"not too high", map[string]int{"x/1/a": 5, "x/1/b": 5, "x/2": 7, "y": 4}, 2, 2, "=35[x/=30[x/1/=20 x/2=10] y=5]"},
		{"higher", map[string]int{"x/1/a": 5, "x/1/b": 5, "x/2": 7, "y": 4}, 2, 3, "=35[x/=30[x/1/=20[x/1/a=10 x/1/b=10] x/2=10] y=5]"},
	} {
		if got := divide(tt.keys, tt.width, tt.height).text(); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// check fails unless the parts and the rest of each part add up to it, and all of
// it is within the bounds. It returns how many parts there are.
func (p Part) check(t *testing.T, width, height int) int {
	t.Helper()
	sum, n := p.Rest, 1
	for _, one := range p.Parts {
		sum.add(one.Sum)
		n += one.check(t, width, height-1)
	}
	switch {
	case (len(p.Parts) > 0 || p.Rest.Keys > 0) && sum != p.Sum:
		t.Fatalf("%s comes to %+v, its parts to %+v", p.Name, p.Sum, sum)
	case len(p.Parts) > width || len(p.Parts) > 0 && height == 0 || len(p.Name) > 512:
		t.Fatalf("%s has %d parts, %d higher than allowed", p.Name, len(p.Parts), -height)
	}
	return n
}

// Parts add up, whatever the keys are, and are no more than allowed.
func TestPartsAddUp(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 2))
		keys := map[string]int{}
		for range r.IntN(300) {
			key := strings.Repeat("deep/", r.IntN(2)*r.IntN(400))
			for range 1 + r.IntN(5) {
				key += []string{"a", "bb", "/", "c/", "d/", "\xff"}[r.IntN(6)]
			}
			keys[key] = r.IntN(50)
		}
		width, height := 1+r.IntN(4), 1+r.IntN(3)
		all := divide(keys, width, height)
		if n := all.check(t, width, height); n > 1+4+16+64 || all.Sum.Keys != int64(len(keys)) {
			t.Fatalf("seed %d: %d parts of %d keys", seed, n, all.Sum.Keys)
		}
	}
}
