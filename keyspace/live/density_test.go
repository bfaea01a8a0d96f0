package live

import (
	"fmt"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

func kvsOf(keys ...string) (kvs []*mvccpb.KeyValue) {
	for _, k := range keys {
		kvs = append(kvs, &mvccpb.KeyValue{Key: []byte(k)})
	}
	return kvs
}

// For evenly numbered keys, the next part ends exactly where it should.
func TestDensity(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		format      string
		first, last int
		want        int64
		next        int
	}{
		{"/k/%08d", 0, 99, 100, 198},
		{"/k/%08d", 900, 999, 100, 1098},
		{"/k/%08d", 0, 99, 1000, 891},
		{"/k/%08x", 0x10, 0xff, 240, 0x1ee},
	} {
		var keys []string
		for i := tt.first; i <= tt.last; i++ {
			keys = append(keys, fmt.Sprintf(tt.format, i))
		}
		var d density
		last := keys[len(keys)-1]
		d.learn(keys[0], last, tt.want, kvsOf(keys...))
		end := d.end(last+"\x00", "\x00")
		if want := fmt.Sprintf(tt.format, tt.next); end < want || end >= fmt.Sprintf(tt.format, tt.next+2) {
			t.Errorf("%+v: got %q, want %q", tt, end, want)
		}
	}
}

// Whatever is learned, a part does not end before it begins, or after its
// bound.
func FuzzDensity(f *testing.F) {
	f.Add("a", "b", "c", "\x00", int64(10))
	f.Add("/x/0001", "/x/0009", "/x/0009\x00", "/y", int64(1))
	f.Add("\xff\xff", "\xff\xff\xff", "\xff\xff\xff\x00", "\x00", int64(100))
	f.Fuzz(func(t *testing.T, from, to, key, bound string, want int64) {
		if want < 1 || want > pageKeys || bound == "" || bound != "\x00" && key >= bound {
			return
		}
		for _, kvs := range [][]*mvccpb.KeyValue{nil, kvsOf(from), kvsOf(from, to)} {
			var d density
			d.learn(from, to, want, kvs)
			end := d.end(key, bound)
			if end != bound && (end <= key || bound != "\x00" && end > bound) {
				t.Errorf("%q to %q, %d: [%q, %q) ends at %q", from, to, len(kvs), key, bound, end)
			}
		}
	})
}
